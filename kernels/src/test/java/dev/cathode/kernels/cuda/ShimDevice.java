package dev.cathode.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;

/// A device on the CPU for tests of single kernels. Buffers start as NaN, and only buffers may be read or written, to
/// the byte.
final class ShimDevice extends TestDevice {
    private static final long MEMORY = 256L << 20;
    private static final int GUARD = 256;

    private final ShimProcess process;
    private long end = GUARD;
    private long seed = 1;

    ShimDevice(ShimCompiler compiler) {
        this(compiler, UnaryOperator.identity());
    }

    /// @param mutation changes the text of every source before it is compiled
    ShimDevice(ShimCompiler compiler, UnaryOperator<String> mutation) {
        process = new ShimProcess(compiler, mutation, MEMORY);
    }

    @Override
    void seed(long seed) {
        this.seed = seed;
    }

    @Override
    boolean hasFailed() {
        return process.hasFailed();
    }

    @Override
    void reset() {
        process.forbid(process.base(), end);
        end = GUARD;
    }

    @Override
    long allocate(long bytes, int skew) {
        long start = (end + 255) / 256 * 256 + skew;
        if (start + bytes + GUARD > MEMORY) {
            throw new IllegalStateException("the test needs more memory than " + MEMORY);
        }
        end = start + bytes + GUARD;
        long address = process.base() + start;
        process.at(address, bytes).fill((byte) 0xff);
        process.allow(address, bytes);
        return address;
    }

    @Override
    MemorySegment read(long address, long bytes) {
        return process.at(address, bytes).asReadOnly();
    }

    @Override
    void write(long address, MemorySegment content) {
        process.at(address, content.byteSize()).copyFrom(content);
    }

    @Override
    public Limits limits() {
        return new Limits(3, 232448);
    }

    @Override
    public void launch(Kernel kernel, Geometry geometry, KernelArguments arguments) {
        process.command(process.line(kernel, geometry, arguments, seed));
    }

    @Override
    public void close() {
        process.close();
    }
}

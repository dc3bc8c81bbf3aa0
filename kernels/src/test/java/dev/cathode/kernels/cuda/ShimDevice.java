package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;

/// A device on the CPU for tests of single kernels. Buffers start as NaN, and only buffers may be read or written, to the
/// byte.
final class ShimDevice implements KernelLauncher, AutoCloseable {
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

    /// Draws another order of threads and blocks for what follows.
    void seed(long seed) {
        this.seed = seed;
    }

    /// Whether a kernel has failed, and nothing runs any more.
    boolean hasFailed() {
        return process.hasFailed();
    }

    /// Forgets all buffers.
    void reset() {
        process.forbid(process.base(), end);
        end = GUARD;
    }

    /// A new buffer of NaN, aligned to 256 bytes.
    long allocate(long bytes) {
        return allocate(bytes, 0);
    }

    /// A new buffer of NaN, `skew` bytes after a multiple of 256.
    long allocate(long bytes, int skew) {
        long start = (end + 255) / 256 * 256 + skew;
        if (start + bytes + GUARD > MEMORY) {
            throw new IllegalStateException("the test needs more memory than " + MEMORY);
        }
        end = start + bytes + GUARD;
        long address = process.base() + start;
        at(address, bytes).fill((byte) 0xff);
        process.allow(address, bytes);
        return address;
    }

    MemorySegment at(long address, long bytes) {
        return process.at(address, bytes);
    }

    /// Numbers of a type, rounded, in a new buffer.
    long upload(Element element, float... numbers) {
        return uploadSkewed(element, 0, numbers);
    }

    /// Numbers of a type, `skew` bytes after a multiple of 256.
    long uploadSkewed(Element element, int skew, float... numbers) {
        long address = allocate((long) numbers.length * element.bytes(), skew);
        write(element, address, numbers);
        return address;
    }

    void write(Element element, long address, float... numbers) {
        MemorySegment to = at(address, (long) numbers.length * element.bytes());
        for (int i = 0; i < numbers.length; i++) {
            Numbers.set(element, to, i, numbers[i]);
        }
    }

    long uploadInts(int... numbers) {
        long address = allocate(4L * numbers.length);
        MemorySegment to = at(address, 4L * numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            to.set(JAVA_INT_UNALIGNED, 4L * i, numbers[i]);
        }
        return address;
    }

    long uploadLongs(long... numbers) {
        long address = allocate(8L * numbers.length);
        MemorySegment to = at(address, 8L * numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            to.set(JAVA_LONG_UNALIGNED, 8L * i, numbers[i]);
        }
        return address;
    }

    float[] download(Element element, long address, int count) {
        MemorySegment from = at(address, (long) count * element.bytes());
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Numbers.get(element, from, i);
        }
        return numbers;
    }

    int[] downloadInts(long address, int count) {
        MemorySegment from = at(address, 4L * count);
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = from.get(JAVA_INT_UNALIGNED, 4L * i);
        }
        return numbers;
    }

    byte[] bytes(long address, long count) {
        return at(address, count).toArray(JAVA_BYTE);
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

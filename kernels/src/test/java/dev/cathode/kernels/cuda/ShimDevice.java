package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/// A device on the CPU: kernels run in a process of their own whose memory is a file, mapped here too. Buffers start as
/// NaN, and only buffers may be read or written, to the byte.
///
/// After an error the process has ended; what it said is the exception's message.
final class ShimDevice implements KernelLauncher, AutoCloseable {
    private static final long MEMORY = 256L << 20;
    private static final int GUARD = 256;

    private final ShimCompiler compiler;
    private final UnaryOperator<String> mutation;
    private final Map<KernelSource, Path> libraries = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final Path file;
    private final Path log;
    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final long base;
    private long end = GUARD;
    private long seed = 1;
    private boolean failed;

    ShimDevice(ShimCompiler compiler) {
        this(compiler, UnaryOperator.identity());
    }

    /// @param mutation changes the text of every source before it is compiled
    ShimDevice(ShimCompiler compiler, UnaryOperator<String> mutation) {
        this.compiler = compiler;
        this.mutation = mutation;
        try {
            file = Files.createTempFile(compiler.folder(), "memory", "");
            log = Files.createTempFile(compiler.folder(), "process", ".log");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, MEMORY, arena); // sparse
            }
            var builder = new ProcessBuilder(compiler.host().toString(), file.toString(), Long.toString(MEMORY));
            builder.environment().put("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0");
            process = builder.redirectError(log.toFile()).start();
            commands = process.outputWriter();
            answers = process.inputReader();
            base = Long.parseLong(answer(), 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Draws another order of threads and blocks for what follows.
    void seed(long seed) {
        this.seed = seed;
    }

    /// Whether a kernel has failed, and nothing runs any more.
    boolean hasFailed() {
        return failed;
    }

    /// Forgets all buffers.
    void reset() {
        command("forbid %x %d".formatted(base, end));
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
        memory.asSlice(start, bytes).fill((byte) 0xff);
        command("allow %x %d".formatted(base + start, bytes));
        end = start + bytes + GUARD;
        return base + start;
    }

    MemorySegment at(long address, long bytes) {
        return memory.asSlice(address - base, bytes);
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
            switch (element) {
                case FLOAT32 -> to.set(JAVA_FLOAT_UNALIGNED, 4L * i, numbers[i]);
                case BFLOAT16 -> to.set(JAVA_SHORT_UNALIGNED, 2L * i, Numbers.toBfloat16(numbers[i]));
                case FLOAT16 -> to.set(JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(numbers[i]));
            }
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
            numbers[i] = switch (element) {
                case FLOAT32 -> from.get(JAVA_FLOAT_UNALIGNED, 4L * i);
                case BFLOAT16 -> Float.intBitsToFloat(from.get(JAVA_SHORT_UNALIGNED, 2L * i) << 16);
                case FLOAT16 -> Float.float16ToFloat(from.get(JAVA_SHORT_UNALIGNED, 2L * i));
            };
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
        Path library = libraries.computeIfAbsent(kernel.source(), s -> compiler.library(mutation.apply(s.text())));
        var line = new StringBuilder("run ").append(library).append(' ').append(kernel.entry());
        for (int size : new int[] {geometry.gridX(), geometry.gridY(), geometry.gridZ(), geometry.blockX(),
                geometry.blockY(), geometry.sharedBytes()}) {
            line.append(' ').append(size);
        }
        line.append(' ').append(seed).append(" -");
        for (var argument : arguments.list()) {
            line.append(switch (argument.kind()) {
                case POINTER -> 'p';
                case INT32 -> 'i';
                case INT64 -> 'l';
                case FLOAT32 -> 'f';
                case FLOAT64 -> 'd';
            });
        }
        arguments.list().forEach(argument -> line.append(' ').append(Long.toHexString(argument.bits())));
        command(line.toString());
    }

    private void command(String line) {
        try {
            commands.write(line);
            commands.write('\n');
            commands.flush();
            if (!answer().equals("ok")) {
                throw new IllegalStateException("the process that runs kernels is out of step");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String answer() throws IOException {
        String answer = answers.readLine();
        failed = answer == null || answer.startsWith("error ");
        if (answer == null) {
            throw new IllegalStateException("a kernel failed:\n" + Files.readString(log));
        }
        if (failed) {
            throw new IllegalStateException(answer.substring(6));
        }
        return answer;
    }

    @Override
    public void close() {
        try {
            commands.close();
        } catch (IOException e) { // it has ended already
            process.destroy();
        }
        arena.close();
        try {
            process.waitFor();
            Files.delete(file);
            Files.delete(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

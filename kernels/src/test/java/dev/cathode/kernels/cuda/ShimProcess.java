package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
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
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/// A process that runs kernels. Its memory is a file, mapped here too.
///
/// After an error the process has ended; what it said is the exception's message.
final class ShimProcess implements AutoCloseable {
    private final ShimCompiler compiler;
    private final UnaryOperator<String> mutation;
    private final Map<KernelSource, Path> libraries = new HashMap<>();
    private final Set<Kernel> launched = new HashSet<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final Path file;
    private final Path log;
    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final long base;
    private boolean failed;

    /// @param mutation changes the text of every source before it is compiled
    /// @param bytes of memory; nothing is used before it is written
    ShimProcess(ShimCompiler compiler, UnaryOperator<String> mutation, long bytes) {
        this.compiler = compiler;
        this.mutation = mutation;
        try {
            file = Files.createTempFile(compiler.folder(), "memory", "");
            log = Files.createTempFile(compiler.folder(), "process", ".log");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena); // sparse
            }
            var builder = new ProcessBuilder(compiler.host().toString(), file.toString(), Long.toString(bytes));
            builder.environment().put("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0");
            process = builder.redirectError(log.toFile()).start();
            commands = process.outputWriter();
            answers = process.inputReader();
            base = Long.parseLong(answer(), 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The address of the memory's first byte in the process.
    long base() {
        return base;
    }

    /// Bytes of memory.
    long bytes() {
        return memory.byteSize();
    }

    /// Memory, by its address in the process.
    MemorySegment at(long address, long bytes) {
        return memory.asSlice(address - base, bytes);
    }

    /// Whether a kernel has failed, and nothing runs any more.
    boolean hasFailed() {
        return failed;
    }

    /// Lets kernels use memory; nothing else may be used with sanitizers.
    void allow(long address, long bytes) {
        command("allow %x %d".formatted(address, bytes));
    }

    /// Takes that back.
    void forbid(long address, long bytes) {
        command("forbid %x %d".formatted(address, bytes));
    }

    /// Whether a kernel was launched before.
    boolean knows(Kernel kernel) {
        return launched.contains(kernel);
    }

    /// A launch as [#command] takes it. Compiles what has not been yet.
    String line(Kernel kernel, Geometry geometry, KernelArguments arguments, long seed) {
        Path library = libraries.computeIfAbsent(kernel.source(), s -> compiler.library(mutation.apply(s.text())));
        launched.add(kernel);
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
        return line.toString();
    }

    /// Has a line done, and waits for it.
    void command(String line) {
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

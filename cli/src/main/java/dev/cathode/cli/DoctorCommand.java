package dev.cathode.cli;

import dev.cathode.engine.runtime.SystemMemory;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cuda.inventory.CudaInventory;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import jdk.incubator.vector.FloatVector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Says what this machine offers and which parts of Cathode can use it.
@Command(name = "doctor",
        description = "Show what this machine offers, which parts are usable, and why others are not.",
        footer = {"", "The exit code is 1 if something is missing that every run needs."})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /// A part of the program and whether it works here.
    ///
    /// @param needed whether nothing runs without it
    /// @param detail what it is, or why it is not usable and what to do
    private record Part(String name, boolean usable, boolean needed, String detail) { }

    @Override
    public Integer call() {
        Machine machine = Machine.ask();
        List<Part> parts = parts(machine);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.text(json(machine, parts)));
        } else {
            print(out, machine, parts);
        }
        return parts.stream().anyMatch(part -> part.needed && !part.usable) ? CathodeCommand.FAILURE
                : CathodeCommand.DONE;
    }

    private static int vectorBits() {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }

    private static List<Part> parts(Machine machine) {
        List<Part> parts = new ArrayList<>();
        int bits = vectorBits();
        parts.add(new Part("vectors", bits >= 128, false, bits >= 128
                ? "Vector API, " + bits + " bit: " + bits / Float.SIZE + " floats at once"
                : "the Vector API knows no vectors of this processor: everything works, slowly"));
        CpuKernels kernels = CpuKernels.fastest();
        parts.add(new Part("kernels", true, true, kernels.description() + ": " + kernels.reason()));
        parts.add(new Part("mixed precision", true, false, kernels.mixedDescription()));
        parts.add(memory());
        parts.add(switch (machine.hugePages()) {
            case "always", "madvise" -> new Part("huge pages", true, false, "transparent, " + machine.hugePages());
            case "never" -> new Part("huge pages", false, false,
                    "switched off: large runs start slower; as root, echo madvise >"
                            + " /sys/kernel/mm/transparent_hugepage/enabled");
            default -> new Part("huge pages", false, false, "this system does not offer transparent huge pages");
        });
        List<String> missing = Stream.of("png", "jpeg")
                .filter(format -> !ImageIO.getImageWritersByFormatName(format).hasNext()).toList();
        parts.add(new Part("pictures", missing.isEmpty(), true, missing.isEmpty() ? "PNG, JPEG"
                : "this Java runtime cannot write " + String.join(", ", missing) + ": use a complete JDK"));
        for (CudaInventory.Line line : CudaInventory.of(LibrarySearch.ofSystem())) {
            parts.add(new Part(line.name(), line.usable(), false, line.detail()));
        }
        return parts;
    }

    /// Takes and touches a block larger than a huge page.
    private static Part memory() {
        long bytes = 16L << 20;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment block = OffHeap.allocate(bytes, arena);
            block.set(ValueLayout.JAVA_BYTE, bytes - 1, (byte) 1);
            return new Part("memory outside the heap", block.get(ValueLayout.JAVA_BYTE, bytes - 1) == 1, true,
                    "by native calls");
        } catch (RuntimeException | OutOfMemoryError e) {
            return new Part("memory outside the heap", false, true, Failures.message(e));
        }
    }

    private static void print(PrintWriter out, Machine machine, List<Part> parts) {
        for (String line : new Version().getVersion()) {
            out.println(line);
        }
        out.println();
        int processors = Runtime.getRuntime().availableProcessors();
        out.printf("%-24s %d%s%n", "processors", processors, machine.processorLimit().isPresent()
                ? " (the container allows " + machine.processorLimit().getAsDouble() + ")" : "");
        out.printf("%-24s %s, %s available%s%n", "memory", Sizes.bytes(machine.totalMemory()),
                Sizes.bytes(SystemMemory.available()), machine.memoryLimit().isPresent()
                        ? " (the container allows " + Sizes.bytes(machine.memoryLimit().getAsLong()) + ")" : "");
        out.printf("%-24s %s at most%n", "Java heap", Sizes.bytes(Runtime.getRuntime().maxMemory()));
        out.println();
        for (Part part : parts) {
            String state = part.usable ? "ok" : part.needed ? "MISSING" : "not usable";
            out.printf("%-24s %-11s %s%n", part.name, state, part.detail);
        }
    }

    private static ObjectNode json(Machine machine, List<Part> parts) {
        ObjectNode all = Json.object();
        all.put("cathode", Version.number());
        ObjectNode java = all.putObject("java");
        java.put("version", System.getProperty("java.runtime.version"));
        java.put("vendor", System.getProperty("java.vendor"));
        java.put("home", System.getProperty("java.home"));
        java.put("maxHeapBytes", Runtime.getRuntime().maxMemory());
        ObjectNode system = all.putObject("system");
        system.put("name", System.getProperty("os.name"));
        system.put("version", System.getProperty("os.version"));
        system.put("architecture", System.getProperty("os.arch"));
        ObjectNode processor = all.putObject("processor");
        processor.put("available", Runtime.getRuntime().availableProcessors());
        machine.processorLimit().ifPresent(limit -> processor.put("containerLimit", limit));
        processor.put("vectorBits", vectorBits());
        ObjectNode memory = all.putObject("memory");
        memory.put("totalBytes", machine.totalMemory());
        memory.put("availableBytes", SystemMemory.available());
        machine.memoryLimit().ifPresent(limit -> memory.put("containerLimitBytes", limit));
        memory.put("hugePages", machine.hugePages());
        ArrayNode list = all.putArray("parts");
        for (Part part : parts) {
            list.addObject().put("name", part.name).put("usable", part.usable).put("needed", part.needed)
                    .put("detail", part.detail);
        }
        return all;
    }
}

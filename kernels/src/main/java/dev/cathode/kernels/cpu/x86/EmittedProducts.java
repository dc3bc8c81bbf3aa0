package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.Passes;
import dev.cathode.kernels.cpu.vector.Products;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/// Products by machine code.
final class EmittedProducts implements Products {
    private static final MethodHandle PANEL = Calls.of(10);
    /// A tile takes a microsecond and leaves its sums on their way to memory. An ordinary call would wait for them,
    /// since the way back to Java has a barrier; a critical one, for which garbage collection waits instead, does not.
    private static final MethodHandle PIXELS = Calls.critical(9);

    private final int vectorBytes;
    /// The functions for one, two and four vectors; null where they do not fit the registers.
    private final MemorySegment[] panels = new MemorySegment[3];
    private final MemorySegment[] pixelsOfSix = new MemorySegment[3];
    private final MemorySegment[] pixelsOfFour = new MemorySegment[3];
    private final Passes passes;

    private EmittedProducts(int bits, Passes passes) {
        vectorBytes = bits / 8;
        this.passes = passes;
    }

    /// What became of the code.
    sealed interface Outcome {
        /// It can be called.
        record Ready(EmittedProducts products) implements Outcome { }

        /// The system does not let us.
        record Refused(String reason) implements Outcome { }
    }

    /// Writes the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    static Outcome install(int bits, Pages pages, Arena arena) {
        Assembler a = new Assembler();
        int widths = bits == 512 ? 3 : 2; // 1, 2, 4 vectors
        int[][] offsets = new int[widths][];
        for (int i = 0; i < widths; i++) {
            int vectors = 1 << i;
            // more rows where a row has but one sum: enough chains to keep the multipliers busy
            int panel = start(a);
            PanelProductCode.write(a, new Tile(vectors == 1 ? 12 : 6, vectors, bits));
            int six = start(a);
            OuterProductCode.write(a, new Tile(6, vectors, bits));
            int four = start(a);
            OuterProductCode.write(a, new Tile(4, vectors, bits));
            offsets[i] = new int[] {panel, six, four};
        }
        EmittedPasses.Offsets passes = EmittedPasses.write(a, bits);
        return switch (MachineCode.install(a.assemble(), pages, arena)) {
            case MachineCode.Installation.Refused(String reason) -> new Outcome.Refused(reason);
            case MachineCode.Installation.Installed(MachineCode code) -> {
                EmittedProducts products = new EmittedProducts(bits, passes.in(code));
                for (int i = 0; i < widths; i++) {
                    products.panels[i] = code.at(offsets[i][0]);
                    products.pixelsOfSix[i] = code.at(offsets[i][1]);
                    products.pixelsOfFour[i] = code.at(offsets[i][2]);
                }
                yield new Outcome.Ready(products);
            }
        };
    }

    private static int start(Assembler a) {
        a.align(64);
        return a.position();
    }

    @Override
    public Passes passes() {
        return passes;
    }

    @Override
    public void panel(int vectors, long table, long tapStep, int taps, long offset, int k, long b, long zeros, long c,
                      int rows) {
        long start = zeros == 0 ? c : zeros;
        long startStride = zeros == 0 ? (long) vectors * vectorBytes : 0;
        try {
            PANEL.invokeExact(panels[vectors >> 1], table, tapStep, (long) taps, offset, (long) k, b, start,
                    startStride, c, (long) rows);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    @Override
    public void pixels(int rows, int vectors, long a, long aStep, long table, long offset, int k, long start,
                       long startStride, long c, long cStride) {
        MemorySegment[] functions = rows == 6 ? pixelsOfSix : pixelsOfFour;
        try {
            PIXELS.invokeExact(functions[vectors >> 1], a, aStep, table, offset, (long) k, start, startStride, c,
                    cStride);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}

package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.vector.Ahead;
import dev.cathode.kernels.cpu.vector.Ending;
import dev.cathode.kernels.cpu.vector.GradientPasses;
import dev.cathode.kernels.cpu.vector.Passes;
import dev.cathode.kernels.cpu.vector.PixelPairs;
import dev.cathode.kernels.cpu.vector.Products;
import dev.cathode.kernels.cpu.vector.RoundedProducts;
import dev.cathode.kernels.cpu.vector.Updates;
import dev.cathode.kernels.cpu.x86.PanelProductCode.Terms;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Optional;

/// Products by machine code.
final class EmittedProducts implements Products {
    private static final MethodHandle PANEL = Calls.of(20);
    /// A tile takes a microsecond and leaves its sums on their way to memory. An ordinary call would wait for them,
    /// since the way back to Java has a barrier; a critical one, for which garbage collection waits instead, does not.
    private static final MethodHandle PIXELS = Calls.critical(9);

    private final int vectorBytes;
    private final RoundedProducts rounded;
    private final PixelPairs pixelPairs;
    /// The functions for one, two and four vectors; null where they do not fit the registers. Panels for each
    /// [WeightStorage].
    private final MemorySegment[][] panels = new MemorySegment[3][3];
    private final MemorySegment[] pixelsOfSix = new MemorySegment[3];
    private final MemorySegment[] pixelsOfFour = new MemorySegment[3];
    private final Passes passes;
    private final GradientPasses gradientPasses;
    private final Updates updates;

    /// @param rounded of their own, or null
    /// @param pixelPairs likewise
    private EmittedProducts(int bits, Passes passes, GradientPasses gradientPasses, Updates updates,
                            RoundedProducts rounded, PixelPairs pixelPairs) {
        vectorBytes = bits / 8;
        this.passes = passes;
        this.gradientPasses = gradientPasses;
        this.updates = updates;
        this.pixelPairs = pixelPairs;
        this.rounded = rounded == null ? Products.super.rounded() : rounded;
    }

    /// What became of the code.
    sealed interface Outcome {
        /// It can be called.
        record Ready(EmittedProducts products) implements Outcome { }

        /// The system does not let us.
        record Refused(String reason) implements Outcome { }
    }

    /// Writes the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    ///
    /// @param bf16 whether the processor can multiply bfloat16 numbers; needs 512 bits
    static Outcome install(int bits, boolean bf16, Pages pages, Arena arena) {
        Assembler a = new Assembler();
        int widths = bits == 512 ? 3 : 2; // 1, 2, 4 vectors
        int[][] offsets = new int[widths][];
        for (int i = 0; i < widths; i++) {
            int vectors = 1 << i;
            offsets[i] = new int[] {panel(a, vectors, bits, Terms.FLOAT32), panel(a, vectors, bits, Terms.BFLOAT16),
                panel(a, vectors, bits, Terms.FLOAT16), a.function(), 0};
            OuterProductCode.write(a, new Tile(6, vectors, bits));
            offsets[i][4] = a.function();
            OuterProductCode.write(a, new Tile(4, vectors, bits));
        }
        EmittedPasses.Offsets passes = new EmittedPasses.Offsets(a, bits);
        EmittedGradientPasses.Offsets gradientPasses = new EmittedGradientPasses.Offsets(a, bits);
        EmittedUpdates.Offsets updates = new EmittedUpdates.Offsets(a, bits);
        var rounded = bf16 ? EmittedRoundedProducts.write(a) : null;
        var pairs = bf16 ? new EmittedPixelPairs.Offsets(a) : null;
        return switch (MachineCode.install(a.assemble(), pages, arena)) {
            case MachineCode.Installation.Refused(String reason) -> new Outcome.Refused(reason);
            case MachineCode.Installation.Installed(MachineCode code) -> {
                EmittedProducts products = new EmittedProducts(bits, passes.in(code), gradientPasses.in(code),
                        updates.in(code), rounded == null ? null : rounded.in(code),
                        pairs == null ? null : pairs.in(code));
                for (int i = 0; i < widths; i++) {
                    products.panels[WeightStorage.F32.ordinal()][i] = code.at(offsets[i][0]);
                    products.panels[WeightStorage.BF16.ordinal()][i] = code.at(offsets[i][1]);
                    products.panels[WeightStorage.F16.ordinal()][i] = code.at(offsets[i][2]);
                    products.pixelsOfSix[i] = code.at(offsets[i][3]);
                    products.pixelsOfFour[i] = code.at(offsets[i][4]);
                }
                yield new Outcome.Ready(products);
            }
        };
    }

    /// Appends a panel.
    static int panel(Assembler a, int vectors, int bits, Terms terms) {
        int start = a.function();
        // more rows where a row has but one sum: enough chains to keep the multipliers busy
        PanelProductCode.write(a, new Tile(vectors == 1 ? 12 : 6, vectors, bits), terms);
        return start;
    }

    @Override
    public Passes passes() {
        return passes;
    }

    @Override
    public GradientPasses gradientPasses() {
        return gradientPasses;
    }

    @Override
    public Updates updates() {
        return updates;
    }

    @Override
    public Optional<PixelPairs> pixelPairs() {
        return Optional.ofNullable(pixelPairs);
    }

    @Override
    public RoundedProducts rounded() {
        return rounded;
    }

    @Override
    public boolean reads(WeightStorage storage) {
        return true;
    }

    @Override
    public void panel(WeightStorage storage, int vectors, long table, long tapStep, int taps, long offset, int k,
                      long b, long zeros, long c, int rows) {
        panel(storage, vectors, table, tapStep, taps, offset, k, b, zeros, c, rows,
                Ending.stay(c, (long) vectors * vectorBytes), Ahead.NONE);
    }

    @Override
    public void panel(WeightStorage storage, int vectors, long table, long tapStep, int taps, long offset, int k,
                      long b, long zeros, long sums, int rows, Ending ending, Ahead ahead) {
        call(panels[storage.ordinal()][vectors >> 1], (long) vectors * vectorBytes, table, tapStep, taps, offset, k, b,
                zeros, sums, rows, ending, ahead);
        Reference.reachabilityFence(this); // the code lives as long as this
    }

    /// Calls a panel's function.
    ///
    /// @param width bytes of a row of sums
    static void call(MemorySegment function, long width, long table, long tapStep, int taps, long offset, int k, long b,
                     long zeros, long sums, int rows, Ending ending, Ahead ahead) {
        long start = zeros == 0 ? sums : zeros;
        long startStride = zeros == 0 ? width : 0;
        long part = Math.ceilDiv(k, ahead.rows()); // terms of a sum while a row is brought
        try {
            PANEL.invokeExact(function, table, tapStep, (long) taps, offset, (long) k, b, start, startStride,
                    ending.output(), ending.outputStride(), (long) rows, ending.bias(), ending.residual(),
                    ending.residualStride(), ahead.address() == 0 ? b : ahead.address(), ahead.stride(),
                    part * Float.BYTES, Math.ceilDiv(ahead.bytes(), part), ahead.weights() == 0 ? b : ahead.weights(),
                    ahead.weights() == 0 ? 0 : Math.ceilDiv(width, Math.ceilDiv((long) rows, 6)));
        } catch (Throwable e) {
            throw new IllegalStateException(e);
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

package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Measures products cut in other ways than [Cut] chooses, all ways in turn, on a quiet machine:
///
///     java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
///         -cp kernels/target/classes:kernels/target/test-classes \
///         dev.cathode.kernels.cpu.vector.CutSweep 2 8192x320x320 1024x1280x1280
///
/// The first number is that of the threads, then rows × outputs × inputs.
final class CutSweep {
    private static final int ROUNDS = 40;

    private CutSweep() { }

    /// Prints GFLOP/s of every cut, the lower quartile of the times, best first; `*` is the one in use.
    public static void main(String[] arguments) {
        Products products = ((VectorKernels) CpuKernels.fastest()).products();
        int threads = Integer.parseInt(arguments[0]);
        try (Workers workers = new Workers(threads)) {
            for (String text : List.of(arguments).subList(1, arguments.length)) {
                int[] n = Arrays.stream(text.split("x")).mapToInt(Integer::parseInt).toArray();
                ConvolutionShape shape = ConvolutionShape.linear(n[0], n[2], n[1]);
                for (boolean mixed : new boolean[] {true, false}) {
                    System.out.println(text + (mixed ? " bfloat16" : " float32"));
                    sweep(shape, mixed, products, workers);
                }
            }
        }
    }

    private record Candidate(Cut cut, Convolution linear, double[] seconds) {
        double quartile() {
            return Arrays.stream(seconds).sorted().toArray()[seconds.length / 4];
        }
    }

    private static Candidate candidate(ConvolutionShape shape, boolean mixed, Products products, Cut cut) {
        Convolution linear = mixed ? new RoundedGemm(shape, Epilogue.BIAS, products, cut)
                : new ImplicitGemm(shape, Epilogue.BIAS, WeightStorage.F32, products, cut);
        return new Candidate(cut, linear, new double[ROUNDS]);
    }

    private static void sweep(ConvolutionShape shape, boolean mixed, Products products, Workers workers) {
        int threads = workers.threads();
        int panels = new Panels(shape.outChannels(), 1).count();
        List<Candidate> candidates = new ArrayList<>();
        candidates.add(candidate(shape, mixed, products, null));
        for (int rows : new int[] {48, 60, 72, 84, 96, 120, 144, 168, 192, 240}) {
            for (int groups : new int[] {1, 2, 3, 4, 6, 8}) {
                if (rows <= MicroKernel.roundUp(shape.rows()) && groups <= panels) {
                    Cut cut = new Cut(rows, Math.ceilDiv(panels, groups));
                    candidates.add(candidate(shape, mixed, products, cut));
                }
            }
        }
        try (Arena arena = Arena.ofShared()) {
            long x = zeros(arena, 4L * shape.rows() * shape.inChannels());
            long y = zeros(arena, 4L * shape.rows() * shape.outChannels());
            long bias = zeros(arena, 4L * shape.outChannels());
            long packed = zeros(arena, candidates.getFirst().linear.packedBytes());
            long workspace = zeros(arena, candidates.stream().mapToLong(c -> c.linear.workspaceBytes(threads)).max()
                    .orElseThrow());
            var arguments = new Convolution.Arguments(x, shape.inChannels(), packed, bias, 0, 0, 0, y,
                    shape.outChannels(), workspace);
            for (int round = -5; round < ROUNDS; round++) {
                for (Candidate candidate : candidates) {
                    long start = System.nanoTime();
                    candidate.linear.run(arguments, workers);
                    candidate.seconds[Math.max(round, 0)] = (System.nanoTime() - start) * 1e-9;
                }
            }
        }
        candidates.stream().sorted((a, b) -> Double.compare(a.quartile(), b.quartile()))
                .forEach(c -> System.out.printf("%8.1f  %s%n", shape.flops() / c.quartile() * 1e-9,
                        c.cut == null ? "*" : c.cut.rows() + " rows, " + c.cut.panels() + " panels"));
    }

    private static long zeros(Arena arena, long bytes) {
        return OffHeap.allocate(bytes, arena).fill((byte) 0).address();
    }
}

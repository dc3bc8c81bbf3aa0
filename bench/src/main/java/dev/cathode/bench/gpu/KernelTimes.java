package dev.cathode.bench.gpu;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cuda.CudaElementwise;
import dev.cathode.kernels.cuda.CudaGroupNorm;
import dev.cathode.kernels.cuda.CudaLayerNorm;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.CudaOptimizer;
import dev.cathode.kernels.cuda.CudaResample;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.KernelLauncher;
import dev.cathode.kernels.cuda.TensorTable;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Single kernels at the shapes of Stable Diffusion, in bfloat16, against the least time that the machine's ceilings
/// allow: each input read once, each output written once, or the operations of its products. Attention is in
/// [AttentionTimes].
final class KernelTimes {
    /// Of every kernel: as many buffers of its own as make up more than a GPU's cache.
    private static final int VARIANTS = 4;
    private static final Element TYPE = Element.BFLOAT16;
    private static final long BYTES = TYPE.bytes();

    private final MachineTimer timer;
    private final CudaMachine machine;
    private final Ceilings ceilings;
    private final Consumer<Figure> found;
    private final int divisor;

    /// @param divisor of the sizes: 1 for those of Stable Diffusion, more for tests
    KernelTimes(MachineTimer timer, Ceilings ceilings, int divisor, Consumer<Figure> found) {
        this.timer = timer;
        this.ceilings = ceilings;
        this.divisor = divisor;
        this.found = found;
        machine = timer.machine();
    }

    /// Times all of them.
    void run() {
        try (Memory memory = new Memory(machine)) {
            passes(memory);
        }
        try (Memory memory = new Memory(machine)) {
            optimizer(memory, 100_000_000 / divisor / divisor);
        }
        for (int[] p : new int[][] {{8192, 320, 320}, {8192, 320, 2560}, {2048, 640, 5120}, {512, 1280, 10240},
            {65536, 320, 2560}}) {
            linear(p[0] / divisor, p[1] / divisor, p[2] / divisor);
        }
        for (int[] c : new int[][] {{2, 64, 320, 320}, {2, 32, 640, 640}, {2, 16, 1280, 1280}, {2, 8, 1280, 1280},
            {1, 512, 128, 128}, {32, 64, 320, 320}}) {
            convolution(c[0], Math.max(1, c[1] / divisor), c[2] / divisor, c[3] / divisor);
        }
    }

    private void time(String name, double moved, double operations, Supplier<Runnable> variant) {
        time(name, moved, operations, VARIANTS, variant);
    }

    private void time(String name, double moved, double operations, int variants, Supplier<Runnable> variant) {
        List<Runnable> work = new ArrayList<>();
        for (int i = 0; i < variants; i++) {
            work.add(variant.get());
        }
        found.accept(new Figure(name, Figure.OURS, timer.seconds(work) * 1e6, "µs",
                ceilings.floor(moved, operations) * 1e6));
    }

    /// Kernels of ours that read and write whole tensors.
    private void passes(Memory memory) {
        KernelLauncher launcher = machine.launcher();
        int pixels = 4096 / divisor;
        int channels = 320 / divisor;
        long count = 2L * pixels * channels;
        long weight = memory.random(Element.FLOAT32, channels);
        long bias = memory.random(Element.FLOAT32, channels);
        CudaGroupNorm groups = new CudaGroupNorm(launcher, TYPE);
        CudaGroupNorm.Shape shape = new CudaGroupNorm.Shape(2, pixels, channels, 32 / divisor);
        long workspace = memory.space(groups.workspaceBytes(shape));
        time("group norm, SiLU 2×" + pixels + "×" + channels, 2 * count * BYTES, 0, () -> {
            long x = memory.random(TYPE, count);
            long y = memory.space(count * BYTES);
            return () -> groups.groupNorm(x, weight, bias, y, shape, 1e-5f, Activation.SILU, workspace);
        });
        time("its gradient", 3 * count * BYTES, 0, () -> {
            long x = memory.random(TYPE, count);
            long dy = memory.random(TYPE, count);
            long dx = memory.space(count * BYTES);
            long parameters = memory.space(8L * channels);
            return () -> groups.groupNormGradient(x, weight, bias, dy, dx, parameters, parameters + 4L * channels,
                    shape, 1e-5f, Activation.SILU, workspace);
        });
        CudaLayerNorm layers = new CudaLayerNorm(launcher, TYPE);
        time("layer norm " + 2 * pixels + "×" + channels, 2 * count * BYTES, 0, () -> {
            long x = memory.random(TYPE, count);
            long y = memory.space(count * BYTES);
            return () -> layers.layerNorm(x, weight, bias, y, 2L * pixels, channels, 1e-5f);
        });
        CudaElementwise elements = new CudaElementwise(launcher, TYPE);
        time("GEGLU " + 2 * pixels + "×" + 4 * channels, 12 * count * BYTES, 0, () -> {
            long x = memory.random(TYPE, 8 * count);
            long y = memory.space(4 * count * BYTES);
            return () -> elements.geglu(x, y, 2L * pixels, 4 * channels);
        });
        time("sum of two 2×" + pixels + "×" + channels, 3 * count * BYTES, 0, () -> {
            long a = memory.random(TYPE, count);
            long b = memory.random(TYPE, count);
            long y = memory.space(count * BYTES);
            return () -> elements.binary(Elementwise.Binary.ADD, a, b, y, count);
        });
        CudaResample resample = new CudaResample(launcher, TYPE);
        int side = 32 / divisor;
        long small = 2L * side * side * 2 * channels;
        time("upsample 2×" + side + "×" + side + "×" + 2 * channels, 5 * small * BYTES, 0, () -> {
            long x = memory.random(TYPE, small);
            long y = memory.space(4 * small * BYTES);
            return () -> resample.upsample(x, y, 2, side, side, 2 * channels);
        });
    }

    /// AdamW: a float32 parameter, two moments, a bfloat16 gradient and a bfloat16 copy: 28 bytes for each number.
    private void optimizer(Memory memory, long count) {
        CudaOptimizer optimizer = new CudaOptimizer(machine.launcher());
        TensorTable table = new TensorTable(List.of(new TensorTable.Tensor(memory.random(Element.FLOAT32, count),
                memory.random(TYPE, count), memory.random(Element.FLOAT32, count), positive(memory, count),
                memory.space(count * BYTES), 0, count, TYPE, TYPE)));
        try (Arena arena = Arena.ofConfined()) {
            long address = memory.copyOf(table.content(arena));
            long rate = memory.copyOf(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1e-5f, 1));
            long step = memory.copyOf(arena.allocateFrom(ValueLayout.JAVA_INT, 1));
            CudaOptimizer.Adam adam = new CudaOptimizer.Adam(0.9, 0.999, 1e-8, 1e-2, true);
            time("AdamW, " + count + " parameters", 28.0 * count, 0, 1,
                    () -> () -> optimizer.adam(adam, table, address, rate, step, rate + 4, 0));
        }
    }

    private long positive(Memory memory, long count) {
        long address = memory.random(Element.FLOAT32, count);
        CudaElementwise numbers = new CudaElementwise(machine.launcher(), Element.FLOAT32);
        numbers.binary(Elementwise.Binary.MULTIPLY, address, address, address, count);
        return address;
    }

    private void linear(long rows, long inputs, long outputs) {
        Product product = Product.linear(rows, inputs, outputs, TYPE, Product.Epilogue.BIAS);
        try (Memory memory = new Memory(machine); CudaMachine.PreparedProduct prepared = machine.product(product)) {
            long workspace = memory.space(prepared.workspaceBytes());
            time("linear " + rows + "×" + inputs + " to " + outputs,
                    BYTES * (double) (rows * inputs + inputs * outputs + rows * outputs), 2.0 * rows * inputs * outputs,
                    () -> {
                        Matmul.Addresses where = new Matmul.Addresses(memory.random(TYPE, rows * inputs),
                                memory.random(TYPE, inputs * outputs), memory.random(TYPE, outputs), 0,
                                memory.space(BYTES * rows * outputs), workspace);
                        return () -> prepared.run(where);
                    });
        }
    }

    /// A 3×3 convolution with what the U-Net does behind it, and its two gradients.
    private void convolution(int batch, int side, int inputs, int outputs) {
        String what = "conv 3×3 " + batch + "×" + side + "×" + side + ", " + inputs + " to " + outputs;
        ConvolutionTask plain = ConvolutionTask.same(batch, inputs, side, side, outputs, 3, TYPE,
                ConvolutionTask.Epilogue.BIAS);
        convolution(what, plain, 0);
        long pixels = (long) batch * side * side;
        convolution(what + ", residual", ConvolutionTask.same(batch, inputs, side, side, outputs, 3, TYPE,
                new ConvolutionTask.Epilogue(true, false, false, true)), pixels * outputs);
        convolution(what + ", gradient of the input", plain.gradient(ConvolutionTask.Work.INPUT_GRADIENT), 0);
        convolution(what + ", gradient of the weights", plain.gradient(ConvolutionTask.Work.WEIGHT_GRADIENT), 0);
    }

    private void convolution(String what, ConvolutionTask task, long more) {
        Optional<CudaMachine.PreparedOperation> found = machine.convolution(task);
        if (found.isEmpty()) {
            return; // the machine cannot fuse this, and the device then runs two kernels that are timed above
        }
        long pixels = task.batch() * task.height() * task.width();
        long weights = 9 * task.inputs() * task.outputs();
        double moved = BYTES * (double) (pixels * (task.inputs() + task.outputs()) + weights + more);
        try (Memory memory = new Memory(machine); CudaMachine.PreparedOperation prepared = found.get()) {
            long workspace = memory.space(prepared.workspaceBytes());
            time(what, moved, 2.0 * pixels * weights, () -> {
                Map<Long, Long> tensors = new HashMap<>();
                tensors.put(ConvolutionTask.INPUT, memory.random(TYPE, pixels * task.inputs()));
                tensors.put(ConvolutionTask.WEIGHTS, memory.random(TYPE, weights));
                tensors.put(ConvolutionTask.OUTPUT, memory.random(TYPE, pixels * task.outputs()));
                if (task.epilogue().bias()) {
                    tensors.put(ConvolutionTask.BIAS, memory.random(TYPE, task.outputs()));
                }
                if (task.epilogue().residual()) {
                    tensors.put(ConvolutionTask.RESIDUAL, memory.random(TYPE, pixels * task.outputs()));
                }
                return () -> prepared.run(tensors, workspace);
            });
        }
    }
}

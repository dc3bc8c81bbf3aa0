package dev.cathode.bench.gpu;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cuda.CudaAttention;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Strides;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Work;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Attention of the U-Net and the VAE in bfloat16, by our kernels and by the machine's own where it has one, against
/// the least time that its products or its bytes take.
final class AttentionTimes {
    /// Stable Diffusion's: batch, heads, queries, keys, head size.
    static final int[][] STABLE_DIFFUSION = {{2, 8, 4096, 4096, 40}, {2, 8, 1024, 1024, 80}, {2, 8, 256, 256, 160},
        {2, 8, 64, 64, 160}, {2, 8, 4096, 77, 40}, {2, 8, 1024, 77, 80}, {1, 1, 4096, 4096, 512}};
    private static final Element TYPE = Element.BFLOAT16;

    private final MachineTimer timer;
    private final CudaMachine machine;
    private final Ceilings ceilings;
    private final Consumer<Figure> found;

    AttentionTimes(MachineTimer timer, Ceilings ceilings, Consumer<Figure> found) {
        this.timer = timer;
        this.ceilings = ceilings;
        this.found = found;
        machine = timer.machine();
    }

    /// Times these.
    ///
    /// @param attentions batch, heads, queries, keys, head size
    void run(int[]... attentions) {
        for (int[] a : attentions) {
            run(new Attention.Shape(a[0], a[1], a[2], a[3], a[4], false, false, (float) (1 / Math.sqrt(a[4]))));
        }
    }

    private void run(Attention.Shape shape) {
        long row = (long) shape.heads() * shape.headSize();
        long queries = shape.batch() * (long) shape.queries() * row;
        long keys = shape.batch() * (long) shape.keys() * row;
        long statistics = 4L * shape.batch() * shape.heads() * shape.queries();
        String name = "attention %d×%d×%d, %d keys, %d".formatted(shape.batch(), shape.heads(), shape.queries(),
                shape.keys(), shape.headSize());
        CudaAttention ours = new CudaAttention(machine.launcher(), shape, TYPE);
        int stride = Math.toIntExact(row);
        try (Memory memory = new Memory(machine)) {
            long q = memory.random(TYPE, queries);
            long k = memory.random(TYPE, keys);
            long v = memory.random(TYPE, keys);
            long output = memory.space(2 * queries);
            double floor = ceilings.floor(2.0 * (2 * queries + 2 * keys), shape.flops());
            Attention.Arguments forward = new Attention.Arguments(q, stride, k, stride, v, stride, 0, output,
                    stride, 0);
            report(name, floor, () -> ours.run(forward, 0));
            Strides strides = Strides.contiguous(shape);
            AttentionTask task = new AttentionTask(Work.FORWARD, shape, strides, TYPE);
            machines(memory, name, floor, task, Map.of(AttentionTask.Q, q, AttentionTask.K, k, AttentionTask.V, v,
                    AttentionTask.OUTPUT, output));
            if (!ours.hasGradient()) {
                return;
            }
            long logSums = memory.space(statistics);
            long outputGradient = memory.random(TYPE, queries);
            long qGradient = memory.space(2 * queries);
            long kGradient = memory.space(2 * keys);
            long vGradient = memory.space(2 * keys);
            AttentionGradient.Arguments backward = new AttentionGradient.Arguments(q, stride, k, stride, v, stride, 0,
                    output, stride, outputGradient, stride, qGradient, kGradient, vGradient,
                    memory.space(ours.workspaceBytes()));
            ours.run(forward, logSums);
            double gradientFloor = ceilings.floor(2.0 * (4 * queries + 4 * keys), 2.5 * shape.flops());
            report(name + ", gradient", gradientFloor, () -> ours.gradient(backward, logSums));
            Map<Long, Long> tensors = Map.of(AttentionTask.Q, q, AttentionTask.K, k, AttentionTask.V, v,
                    AttentionTask.OUTPUT, output, AttentionTask.STATISTICS, logSums);
            if (once(memory, task.with(Work.FORWARD_WITH_STATISTICS), tensors)) {
                machines(memory, name + ", gradient", gradientFloor, task.with(Work.GRADIENT),
                        with(tensors, outputGradient, qGradient, kGradient, vGradient));
            }
        }
    }

    private static Map<Long, Long> with(Map<Long, Long> tensors, long outputGradient, long q, long k, long v) {
        Map<Long, Long> all = new HashMap<>(tensors);
        all.put(AttentionTask.OUTPUT_GRADIENT, outputGradient);
        all.put(AttentionTask.Q_GRADIENT, q);
        all.put(AttentionTask.K_GRADIENT, k);
        all.put(AttentionTask.V_GRADIENT, v);
        return all;
    }

    private void report(String name, double floor, Runnable work) {
        found.accept(new Figure(name, Figure.OURS, timer.seconds(List.of(work)) * 1e6, "µs", floor * 1e6));
    }

    /// Times the machine's own attention, if it has one.
    private void machines(Memory memory, String name, double floor, AttentionTask task, Map<Long, Long> tensors) {
        Optional<CudaMachine.PreparedOperation> theirs = machine.attention(task);
        if (theirs.isPresent()) {
            try (CudaMachine.PreparedOperation attention = theirs.get()) {
                long workspace = memory.space(attention.workspaceBytes());
                report(name + " (cuDNN)", floor, () -> attention.run(tensors, workspace));
            }
        }
    }

    /// Computes what a gradient needs; false if the machine has none of its own.
    private boolean once(Memory memory, AttentionTask task, Map<Long, Long> tensors) {
        Optional<CudaMachine.PreparedOperation> theirs = machine.attention(task);
        if (theirs.isPresent()) {
            try (CudaMachine.PreparedOperation attention = theirs.get()) {
                attention.run(tensors, memory.space(attention.workspaceBytes()));
            }
        }
        return theirs.isPresent();
    }
}

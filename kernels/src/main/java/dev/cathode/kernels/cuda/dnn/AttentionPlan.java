package dev.cathode.kernels.cuda.dnn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// A way to compute an [AttentionTask], prepared. A gradient adds up parts in whatever order they are ready, so that
/// two runs can differ in the last bits.
public final class AttentionPlan implements PreparedPlan {
    private static final long ALIGNMENT = 256;

    private final AttentionTask task;
    private final Plan plan;
    private final MemorySegment numbers;

    AttentionPlan(AttentionTask task, Plan plan) {
        this.task = task;
        this.plan = plan;
        numbers = Arena.ofAuto().allocateFrom(JAVA_FLOAT, task.shape().scale(), 1);
    }

    @Override
    public long workspace() {
        return padded(plan.workspace()) + (task.work() == AttentionTask.Work.GRADIENT ? sums() + accumulator() : 0);
    }

    @Override
    public String json() {
        return plan.json();
    }

    /// @param addresses of all tensors of the task's work, by the numbers in [AttentionTask]
    @Override
    public void run(Cudnn.Handle handle, Map<Long, Long> addresses, long workspace) {
        plan.run(handle, all(addresses, workspace), workspace);
    }

    /// Those, and what only this class knows of.
    Map<Long, Long> all(Map<Long, Long> addresses, long workspace) {
        Map<Long, Long> all = new HashMap<>(addresses);
        all.put(AttentionGraph.SCALE, numbers.address());
        if (task.work() == AttentionTask.Work.GRADIENT) {
            all.put(AttentionGraph.ONE, numbers.address() + Float.BYTES);
            all.put(AttentionGraph.SUMS, workspace + padded(plan.workspace()));
            all.put(AttentionGraph.ACCUMULATOR, workspace + padded(plan.workspace()) + sums());
        }
        return all;
    }

    private long sums() {
        return padded((long) task.shape().batch() * task.shape().heads() * task.shape().queries() * Float.BYTES);
    }

    private long accumulator() {
        return padded((long) task.shape().batch() * task.shape().heads() * task.shape().queries()
                * task.shape().headSize() * Float.BYTES);
    }

    private static long padded(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    @Override
    public void close() {
        plan.close();
    }
}

package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.UpdateOp.SamplerStep;
import dev.cathode.kernels.cpu.OffHeap;
import java.lang.foreign.ValueLayout;

/// A sampler's step. Some ten thousand numbers next to a network's evaluation: plain Java will do.
final class CpuSampler {
    private static final int KEPT = SamplerStep.KEPT;

    private CpuSampler() { }

    /// As [SamplerStep] says; addresses of its inputs.
    static void step(boolean guided, long input, long sample, long history, long prediction, long noise, long table,
                     int index, int size) {
        float[] w = new float[SamplerStep.WEIGHTS];
        for (int i = 0; i < w.length; i++) {
            w[i] = get(table, index * w.length + i);
        }
        for (int i = 0; i < size; i++) {
            float e = get(prediction, i);
            float x = get(sample, i);
            e += guided ? w[0] * (get(prediction, size + i) - e) : 0;
            set(history, index % KEPT * size + i, w[1] * x + w[2] * e);
            float next = w[3] * x;
            for (int k = 0; k < KEPT; k++) {
                if (w[4 + k] != 0) { // before the first steps there is nothing, perhaps not even a number
                    next += w[4 + k] * get(history, (index + KEPT - k) % KEPT * size + i);
                }
            }
            next += w[4 + KEPT] == 0 ? 0 : w[4 + KEPT] * get(noise, i);
            set(sample, i, next);
            set(input, i, w[5 + KEPT] * next);
            if (guided) {
                set(input, size + i, w[5 + KEPT] * next);
            }
        }
    }

    private static float get(long address, int i) {
        return OffHeap.ALL.get(ValueLayout.JAVA_FLOAT, address + 4L * i);
    }

    private static void set(long address, int i, float number) {
        OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, address + 4L * i, number);
    }
}

// One step of a sampler after the network's evaluation: classifier-free guidance, then the scheduler's formula, which
// for DDIM, PNDM, Euler, DPM-Solver++ and others is a weighted sum of the sample, this step's and earlier outputs, and
// noise. The weights of all steps and the index of the current one are in the device's memory, so that the same launch
// serves every step.

// The weights of one step, 11 floats.
struct Step {
    float guidance; // e = unconditional + guidance · (conditional - unconditional)
    float sample_kept, output_kept; // what is kept of this step: sample_kept · x + output_kept · e
    float sample; // the next sample: sample · x
    float kept[5]; //  + Σ kept[k] · what was kept k steps ago (0: this one)
    float noise; //  + noise · z
    float input; // the network's next input: input · (next sample)
};

// output [2, count] (unconditional, conditional) if guided, else [count]; x [count] is changed to the next sample;
// history [5, count] holds what was kept, step i at i % 5; z [count] may be null; the network's next input goes to
// `inputs` [1 or 2, count].
KERNEL(256) sampler_step(const T* __restrict__ output, float* __restrict__ x, float* __restrict__ history,
        const float* __restrict__ z, T* __restrict__ inputs, const Step* __restrict__ steps,
        const int* __restrict__ index, int guided, long long count) {
    const int step = *index;
    const Step s = steps[step];
    for_each<Lanes<T>::value>(count, aligned(output, x, history, z, inputs) && count % Lanes<T>::value == 0,
            [=](long long i, auto width) {
        constexpr int W = width.value;
        float e[W], v[W], next[W];
        load(output + i, e);
        if (guided) {
            float conditional[W];
            load(output + count + i, conditional);
#pragma unroll
            for (int j = 0; j < W; j++) {
                e[j] += s.guidance * (conditional[j] - e[j]);
            }
        }
        load(x + i, v);
#pragma unroll
        for (int j = 0; j < W; j++) {
            e[j] = s.sample_kept * v[j] + s.output_kept * e[j];
            next[j] = s.sample * v[j] + s.kept[0] * e[j];
        }
        store(history + step % 5 * count + i, e);
#pragma unroll
        for (int k = 1; k < 5; k++) {
            if (s.kept[k] != 0) {
                load(history + (step + 5 - k) % 5 * count + i, e);
#pragma unroll
                for (int j = 0; j < W; j++) {
                    next[j] += s.kept[k] * e[j];
                }
            }
        }
        if (s.noise != 0) {
            load(z + i, e);
#pragma unroll
            for (int j = 0; j < W; j++) {
                next[j] += s.noise * e[j];
            }
        }
        store(x + i, next);
#pragma unroll
        for (int j = 0; j < W; j++) {
            next[j] *= s.input;
        }
        store(inputs + i, next);
        if (guided) {
            store(inputs + count + i, next);
        }
    });
}

// Noisy samples for training: y[n] = a[n] · x[n] + b[n] · z[n], each of `size` numbers.
KERNEL(256) add_noise(const T* __restrict__ x, const T* __restrict__ z, const float* __restrict__ a,
        const float* __restrict__ b, T* __restrict__ y, int batch, int size) {
    const long long count = (long long) batch * size;
    for_each<Lanes<T>::value>(count, aligned(x, z, y) && size % Lanes<T>::value == 0, [=](long long i, auto width) {
        constexpr int W = width.value;
        const long long n = quotient(i, size, count);
        float v[W], e[W];
        load(x + i, v);
        load(z + i, e);
#pragma unroll
        for (int j = 0; j < W; j++) {
            v[j] = a[n] * v[j] + b[n] * e[j];
        }
        store(y + i, v);
    });
}

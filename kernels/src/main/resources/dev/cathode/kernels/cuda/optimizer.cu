// Optimizer steps over all parameters of a model in one launch, and the norm of all gradients. A table in the device's
// memory names the tensors; each block takes one chunk of one of them. Parameters and moments are float.

#define THREADS 256
#define CHUNK 16384 // numbers of a chunk

#define FLOAT32 0
#define BFLOAT16 1
#define FLOAT16 2

// As dev.cathode.kernels.cuda.TensorTable writes it: 8 words of 8 bytes.
struct Tensor {
    float* parameter;
    void* gradient;
    float* first;
    float* second;
    void* copy; // of the parameter in another type, or null
    float* average; // of the parameter over the steps, or null
    long long count;
    int gradient_type, copy_type;
};

struct Chunk { int tensor, index; };

template <int W>
DEVICE void load_as(int type, const void* p, long long i, float (&v)[W]) {
    if (type == FLOAT32) {
        load((const float*) p + i, v);
    } else if constexpr (W == 1 || W == 8) {
        if (type == BFLOAT16) {
            load((const bf16*) p + i, v);
        } else {
            load((const half*) p + i, v);
        }
    }
}

template <int W>
DEVICE void store_as(int type, void* p, long long i, const float (&v)[W]) {
    if (type == FLOAT32) {
        store((float*) p + i, v);
    } else if constexpr (W == 1 || W == 8) {
        if (type == BFLOAT16) {
            store((bf16*) p + i, v);
        } else {
            store((half*) p + i, v);
        }
    }
}

// body(first number, Width<8>() or Width<1>()) for a block's chunk of a tensor.
template <class Body>
DEVICE void over_chunk(const Tensor& t, int chunk, bool wide, Body body) {
    const long long from = (long long) chunk * CHUNK, to = min(t.count, from + CHUNK);
    const long long packs = wide ? (to - from) / 8 : 0;
    for (long long i = threadIdx.x; i < packs; i += THREADS) {
        body(from + 8 * i, Width<8>());
    }
    for (long long i = from + 8 * packs + threadIdx.x; i < to; i += THREADS) {
        body(i, Width<1>());
    }
}

// AdamW (Loshchilov & Hutter 2019) or Adam, by PyTorch's formula. Learning rate, step (1 in the first one), the
// gradients' factor and the average's weight are in the device's memory. Nothing changes if the factor is not finite.
// The bias corrections are computed in double and rounded once.
KERNEL(THREADS) adam(const Tensor* __restrict__ tensors, const Chunk* __restrict__ chunks, double beta1, double beta2,
        double epsilon, double weight_decay, int decoupled, const float* __restrict__ learning_rate,
        const int* __restrict__ step, const float* __restrict__ factor, const float* __restrict__ average_weight) {
    __shared__ float constants[3];
    const float scale = *factor;
    if (!isfinite(scale)) {
        return;
    }
    if (threadIdx.x == 0) {
        const double rate = *learning_rate, correction = sqrt(1 - pow(beta2, (double) *step));
        constants[0] = decoupled ? (float) (1 - rate * weight_decay) : 1;
        constants[1] = (float) (rate * correction / (1 - pow(beta1, (double) *step)));
        constants[2] = (float) (epsilon * correction);
    }
    __syncthreads();
    const float keep = constants[0], size = constants[1], small = constants[2];
    const float decay = decoupled ? 0 : (float) weight_decay;
    const float new_first = (float) (1 - beta1), old_second = (float) beta2, new_second = (float) (1 - beta2);
    const Tensor t = tensors[chunks[blockIdx.x].tensor];
    const float weight = t.average == nullptr ? 0 : *average_weight;
    const bool wide = aligned(t.parameter, t.gradient, t.first, t.second, t.copy, t.average);
    over_chunk(t, chunks[blockIdx.x].index, wide, [=](long long i, auto width) {
        constexpr int W = width.value;
        float p[W], g[W], m[W], v[W];
        load(t.parameter + i, p);
        load_as(t.gradient_type, t.gradient, i, g);
        load(t.first + i, m);
        load(t.second + i, v);
#pragma unroll
        for (int j = 0; j < W; j++) {
            g[j] = fmaf(p[j], decay, g[j] * scale);
            m[j] = fmaf(g[j] - m[j], new_first, m[j]);
            v[j] = fmaf(g[j] * g[j], new_second, v[j] * old_second);
            p[j] = fmaf(m[j] / (sqrtf(v[j]) + small), -size, p[j] * keep);
        }
        store(t.first + i, m);
        store(t.second + i, v);
        store(t.parameter + i, p);
        if (t.copy != nullptr) {
            store_as(t.copy_type, t.copy, i, p);
        }
        if (t.average != nullptr) {
            float a[W];
            load(t.average + i, a);
#pragma unroll
            for (int j = 0; j < W; j++) {
                a[j] = fmaf(p[j] - a[j], weight, a[j]);
            }
            store(t.average + i, a);
        }
    });
}

// PyTorch's SGD: g = scale · gradient + decay · p; b = momentum · b + g (in the first step: g);
// p -= rate · (nesterov ? g + momentum · b : b). The buffer is `first`, null without momentum.
KERNEL(THREADS) sgd(const Tensor* __restrict__ tensors, const Chunk* __restrict__ chunks, float momentum, float decay,
        int nesterov, const float* __restrict__ learning_rate, const int* __restrict__ step,
        const float* __restrict__ factor) {
    const float scale = *factor, rate = *learning_rate;
    if (!isfinite(scale)) {
        return;
    }
    const bool begins = *step == 1;
    const Tensor t = tensors[chunks[blockIdx.x].tensor];
    const bool wide = aligned(t.parameter, t.gradient, t.first, t.copy);
    over_chunk(t, chunks[blockIdx.x].index, wide, [=](long long i, auto width) {
        constexpr int W = width.value;
        float p[W], g[W], b[W] = {};
        load(t.parameter + i, p);
        load_as(t.gradient_type, t.gradient, i, g);
        if (t.first != nullptr && !begins) { // before, its numbers mean nothing
            load(t.first + i, b);
        }
#pragma unroll
        for (int j = 0; j < W; j++) {
            g[j] = fmaf(p[j], decay, g[j] * scale);
            b[j] = t.first == nullptr ? g[j] : fmaf(b[j], momentum, g[j]);
            p[j] = fmaf(nesterov ? fmaf(b[j], momentum, g[j]) : b[j], -rate, p[j]);
        }
        if (t.first != nullptr) {
            store(t.first + i, b);
        }
        store(t.parameter + i, p);
        if (t.copy != nullptr) {
            store_as(t.copy_type, t.copy, i, p);
        }
    });
}

// partials [blocks]: the sum of the squares of a chunk's gradients, in double.
KERNEL(THREADS) square_partials(const Tensor* __restrict__ tensors, const Chunk* __restrict__ chunks,
        double* __restrict__ partials) {
    __shared__ double scratch[32];
    const Tensor t = tensors[chunks[blockIdx.x].tensor];
    double sum = 0;
    over_chunk(t, chunks[blockIdx.x].index, aligned(t.gradient), [&](long long i, auto width) {
        float g[width.value];
        load_as(t.gradient_type, t.gradient, i, g);
#pragma unroll
        for (int j = 0; j < width.value; j++) {
            sum += (double) g[j] * g[j];
        }
    });
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        partials[blockIdx.x] = sum;
    }
}

// min(1, maximum / (norm + 1e-6)), which clips gradients as PyTorch's clip_grad_norm_; NaN if the norm is not finite.
DEVICE float clip(float norm, float maximum_norm) {
    const double factor = maximum_norm / (norm + 1e-6);
    return !isfinite(norm) ? NAN_F : factor < 1 ? (float) factor : 1;
}

// One block. The norm, and the factor that clips it unless that is null.
KERNEL(THREADS) gradient_norm(const double* __restrict__ partials, int blocks, float* __restrict__ norm,
        float* __restrict__ factor, float maximum_norm) {
    __shared__ double scratch[32];
    double sum = 0;
    for (int i = threadIdx.x; i < blocks; i += THREADS) {
        sum += partials[i];
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        const float size = (float) sqrt(sum);
        *norm = size;
        if (factor != nullptr) {
            *factor = clip(size, maximum_norm);
        }
    }
}

// The factor that clips a given norm.
KERNEL(32) clip_factor(const float* __restrict__ norm, float* __restrict__ factor, float maximum_norm) {
    if (threadIdx.x == 0) {
        *factor = clip(*norm, maximum_norm);
    }
}

// average += weight · (x - average), if the factor is finite; both scalars in the device's memory.
KERNEL(THREADS) average(float* __restrict__ average, const float* __restrict__ x, const float* __restrict__ weight,
        const float* __restrict__ factor, long long count) {
    if (!isfinite(*factor)) {
        return;
    }
    const float w = *weight;
    for_each<4>(count, aligned(average, x), [=](long long i, auto width) {
        float a[width.value], v[width.value];
        load(average + i, a);
        load(x + i, v);
#pragma unroll
        for (int j = 0; j < width.value; j++) {
            a[j] = fmaf(v[j] - a[j], w, a[j]);
        }
        store(average + i, a);
    });
}

// sum += x; the sum is float.
KERNEL(THREADS) accumulate(float* __restrict__ sum, const T* __restrict__ x, long long count) {
    for_each<8>(count, aligned(sum, x), [=](long long i, auto width) {
        float a[width.value], v[width.value];
        load(sum + i, a);
        load(x + i, v);
#pragma unroll
        for (int j = 0; j < width.value; j++) {
            a[j] += v[j];
        }
        store(sum + i, a);
    });
}

// Sums over an axis, and losses. Each block sums up a part, a second kernel adds the parts, in order.

#define THREADS 256
#define WARPS (THREADS / 32)

// Grid (tiles of 32 packs of `inner`, chunks of `middle`, outer): partials [outer, chunks, inner] of the sums over m of
// x [outer, middle, inner].
template <int W>
DEVICE void column_partials(const T* x, float* partials, long long middle, int inner, float* scratch) {
    const long long chunk = (middle + gridDim.y - 1) / gridDim.y, from = chunk * blockIdx.y;
    const long long to = min(middle, from + chunk);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, column = (blockIdx.x * 32 + lane) * W;
    const T* image = x + blockIdx.z * middle * inner;
    float sum[W] = {};
    if (column < inner) {
#pragma unroll 4
        for (long long m = from + warp; m < to; m += WARPS) {
            float v[W];
            load(image + m * inner + column, v);
#pragma unroll
            for (int j = 0; j < W; j++) {
                sum[j] += v[j];
            }
        }
    }
#pragma unroll
    for (int j = 0; j < W; j++) {
        scratch[(warp * W + j) * 32 + lane] = sum[j];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < W * 32; i += THREADS) {
        float total = 0;
        for (int w = 0; w < WARPS; w++) {
            total += scratch[w * W * 32 + i];
        }
        const int c = (blockIdx.x * 32 + i % 32) * W + i / 32;
        if (c < inner) {
            partials[((long long) blockIdx.z * gridDim.y + blockIdx.y) * inner + c] = total;
        }
    }
}

KERNEL(THREADS) sum_columns(const T* __restrict__ x, float* __restrict__ partials, long long middle, int inner,
        int wide) {
    __shared__ float scratch[WARPS * Lanes<T>::value * 32];
    if (wide) {
        column_partials<Lanes<T>::value>(x, partials, middle, inner, scratch);
    } else {
        column_partials<1>(x, partials, middle, inner, scratch);
    }
}

// Grid (1, chunks, outer): the same with inner = 1, when the numbers to be summed follow each other.
KERNEL(THREADS) sum_rows(const T* __restrict__ x, float* __restrict__ partials, long long middle, int wide) {
    __shared__ float scratch[32];
    constexpr int W = Lanes<T>::value;
    const T* row = x + blockIdx.z * middle;
    const long long packs = wide ? middle / W : 0, step = (long long) gridDim.y * THREADS;
    float sum = 0;
    for (long long i = (long long) blockIdx.y * THREADS + threadIdx.x; i < packs; i += step) {
        float v[W];
        load(row + i * W, v);
        float part = v[0];
#pragma unroll
        for (int j = 1; j < W; j++) {
            part += v[j];
        }
        sum += part;
    }
    for (long long i = packs * W + (long long) blockIdx.y * THREADS + threadIdx.x; i < middle; i += step) {
        sum += to_float(row[i]);
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        partials[blockIdx.z * gridDim.y + blockIdx.y] = sum;
    }
}

// y[o][i] = Σ of partials [outer, chunks, inner] over the chunks, as float or T.
template <class S>
DEVICE void add_chunks(const float* partials, S* y, long long outer, int chunks, int inner) {
    const long long count = outer * inner;
    for_each<1>(count, false, [=](long long i, auto) {
        const long long o = quotient(i, inner, count);
        const float* at = partials + o * chunks * inner + (i - o * inner);
        float sum = 0;
#pragma unroll 8
        for (int c = 0; c < chunks; c++) {
            sum += at[(long long) c * inner];
        }
        narrow(sum, y[i]);
    });
}

KERNEL(THREADS) sum_chunks(const float* __restrict__ partials, T* __restrict__ y, long long outer, int chunks,
        int inner) {
    add_chunks(partials, y, outer, chunks, inner);
}

KERNEL(THREADS) sum_chunks_float(const float* __restrict__ partials, float* __restrict__ y, long long outer, int chunks,
        int inner) {
    add_chunks(partials, y, outer, chunks, inner);
}

// ---- losses

#define SQUARED_ERROR 0
#define BINARY_CROSS_ENTROPY 1

// partials [blocks, 2]: Σ w · loss(x, target) and Σ w, where w = weights[i / per_weight], or 1 if weights is null.
KERNEL(THREADS) loss_partials(int loss, const T* __restrict__ x, const T* __restrict__ target,
        const float* __restrict__ weights, long long per_weight, double* __restrict__ partials, long long count) {
    __shared__ double scratch[64];
    double sum = 0, all = 0;
    for_each<Lanes<T>::value>(count, aligned(x, target), [&](long long i, auto width) {
        constexpr int W = width.value;
        float v[W], t[W];
        load(x + i, v);
        load(target + i, t);
#pragma unroll
        for (int j = 0; j < W; j++) {
            const float w = weights == nullptr ? 1 : weights[(i + j) / per_weight];
            const float f = loss == SQUARED_ERROR ? (v[j] - t[j]) * (v[j] - t[j])
                    : maximum(v[j], 0) - v[j] * t[j] + log1pf(expf(-fabsf(v[j])));
            sum += w == 0 ? 0 : (double) w * f; // what is masked may be anything
            all += w;
        }
    });
    sum = block_sum(sum, scratch);
    all = block_sum(all, scratch + 32);
    if (threadIdx.x == 0) {
        partials[2 * blockIdx.x] = sum;
        partials[2 * blockIdx.x + 1] = all;
    }
}

// One block. Σ w · loss / divisor, unless `mean` is null, and the divisor: `count`, or Σ w if that is 0.
KERNEL(THREADS) loss_mean(const double* __restrict__ partials, int blocks, long long count, float* __restrict__ mean,
        float* __restrict__ used) {
    __shared__ double scratch[64];
    double sum = 0, all = 0;
    for (int i = threadIdx.x; i < blocks; i += THREADS) {
        sum += partials[2 * i];
        all += partials[2 * i + 1];
    }
    sum = block_sum(sum, scratch);
    all = block_sum(all, scratch + 32);
    if (threadIdx.x == 0) {
        const double divisor = count > 0 ? (double) count : all;
        if (mean != nullptr) {
            *mean = (float) (sum / divisor);
        }
        *used = (float) divisor;
    }
}

// dx[i] = dy / divisor · w · loss'(x, target); dy and the divisor are in the device's memory.
KERNEL(THREADS) loss_gradient(int loss, const T* __restrict__ x, const T* __restrict__ target,
        const float* __restrict__ weights, long long per_weight, const float* __restrict__ dy,
        const float* __restrict__ divisor, T* __restrict__ dx, long long count) {
    const float factor = *dy / *divisor;
    for_each<Lanes<T>::value>(count, aligned(x, target, dx), [=](long long i, auto width) {
        constexpr int W = width.value;
        float v[W], t[W];
        load(x + i, v);
        load(target + i, t);
#pragma unroll
        for (int j = 0; j < W; j++) {
            const float w = weights == nullptr ? 1 : weights[(i + j) / per_weight];
            const float d = loss == SQUARED_ERROR ? 2 * (v[j] - t[j]) : 1 / (1 + expf(-v[j])) - t[j];
            v[j] = w == 0 ? 0 : factor * w * d;
        }
        store(dx + i, v);
    });
}

// A block for each row of logits [rows, classes]: partials [rows, 2] of the loss and 1, or zeros if the row's id is
// `ignored`; of an id outside the classes the loss is NaN.
KERNEL(THREADS) cross_entropy_partials(const T* __restrict__ x, const int* __restrict__ ids,
        double* __restrict__ partials, int classes, int ignored, float smoothing) {
    __shared__ float scratch[96];
    const T* row = x + (long long) blockIdx.x * classes;
    float top = -INFINITY_F, sum = 0, all = 0;
    for (int c = threadIdx.x; c < classes; c += THREADS) {
        top = maximum(top, to_float(row[c]));
        all += to_float(row[c]);
    }
    top = block_max(top, scratch);
    for (int c = threadIdx.x; c < classes; c += THREADS) {
        sum += expf(to_float(row[c]) - top);
    }
    sum = block_sum(sum, scratch + 32);
    all = block_sum(all, scratch + 64);
    if (threadIdx.x == 0) {
        const int id = ids[blockIdx.x];
        const float logarithm = top + logf(sum);
        const float own = id >= 0 && id < classes ? to_float(row[id]) : NAN_F;
        partials[2 * blockIdx.x] = id == ignored ? 0 : logarithm - (1 - smoothing) * own
                - (smoothing == 0 ? 0 : smoothing * all / classes);
        partials[2 * blockIdx.x + 1] = id == ignored ? 0 : 1;
    }
}

// A block for each row: dx = dy / divisor · (softmax - target).
KERNEL(THREADS) cross_entropy_gradient(const T* __restrict__ x, const int* __restrict__ ids,
        const float* __restrict__ dy, const float* __restrict__ divisor, T* __restrict__ dx, int classes, int ignored,
        float smoothing) {
    __shared__ float scratch[64];
    const long long start = (long long) blockIdx.x * classes;
    const int id = ids[blockIdx.x];
    float top = -INFINITY_F, sum = 0;
    for (int c = threadIdx.x; c < classes; c += THREADS) {
        top = maximum(top, to_float(x[start + c]));
    }
    top = block_max(top, scratch);
    for (int c = threadIdx.x; c < classes; c += THREADS) {
        sum += expf(to_float(x[start + c]) - top);
    }
    const float inverse = 1 / block_sum(sum, scratch + 32), factor = id == ignored ? 0 : *dy / *divisor;
    for (int c = threadIdx.x; c < classes; c += THREADS) {
        const float target = (c == id ? 1 - smoothing : 0) + smoothing / classes;
        narrow(factor == 0 ? 0 : factor * (expf(to_float(x[start + c]) - top) * inverse - target), dx[start + c]);
    }
}

// Layer normalisation of each row of a matrix, and its gradient. Weight, bias and their gradients are float. A warp
// takes a row; `wide`: the addresses and the number of columns allow accesses of 16 bytes.
//
//   backward: layer_norm_moments -> layer_norm_parameter_partials -> layer_norm_parameters, layer_norm_gradient

#define THREADS 256
#define WARPS (THREADS / 32)

// body(Width<W>(), column) for a warp's packs of a row.
template <class Body>
DEVICE void over_row(int columns, int wide, Body body) {
    constexpr int W = Lanes<T>::value;
    if (wide) {
        for (int c = threadIdx.x % 32 * W; c < columns; c += 32 * W) {
            body(Width<W>(), c);
        }
    } else {
        for (int c = threadIdx.x % 32; c < columns; c += 32) {
            body(Width<1>(), c);
        }
    }
}

struct Row { float mean, deviation; }; // the deviation's inverse

// Differences from the row's first number are summed up, so that a large mean harms nothing.
DEVICE Row row_moments(const T* x, int columns, float epsilon, int wide) {
    const float pivot = to_float(x[0]);
    float sum = 0, square = 0;
    over_row(columns, wide, [&](auto width, int c) {
        float v[width.value];
        load(x + c, v);
#pragma unroll
        for (int j = 0; j < width.value; j++) {
            sum += v[j] - pivot;
            square += (v[j] - pivot) * (v[j] - pivot);
        }
    });
    const float mean = warp_sum(sum) / columns;
    const float variance = fmaxf(warp_sum(square) / columns - mean * mean, 0);
    return Row{pivot + mean, 1 / sqrtf(variance + epsilon)};
}

// y may be x's memory.
KERNEL(THREADS) layer_norm(const T* x, const float* __restrict__ weight, const float* __restrict__ bias, T* y,
        long long rows, int columns, float epsilon, int wide) {
    for (long long row = blockIdx.x * WARPS + threadIdx.x / 32; row < rows; row += gridDim.x * WARPS) {
        const Row m = row_moments(x + row * columns, columns, epsilon, wide);
        over_row(columns, wide, [=](auto width, int c) {
            constexpr int W = width.value;
            float v[W], w[W], b[W];
            load(x + row * columns + c, v);
            load(weight + c, w);
            load(bias + c, b);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = (v[j] - m.mean) * m.deviation * w[j] + b[j];
            }
            store(y + row * columns + c, v);
        });
    }
}

// known [rows, 2]: mean and 1 / √(variance + ε).
KERNEL(THREADS) layer_norm_moments(const T* __restrict__ x, float* __restrict__ known, long long rows, int columns,
        float epsilon, int wide) {
    for (long long row = blockIdx.x * WARPS + threadIdx.x / 32; row < rows; row += gridDim.x * WARPS) {
        const Row m = row_moments(x + row * columns, columns, epsilon, wide);
        if (threadIdx.x % 32 == 0) {
            known[2 * row] = m.mean;
            known[2 * row + 1] = m.deviation;
        }
    }
}

// Grid (tiles of 32 packs of columns, chunks of rows). For each column the sums over a chunk of dy · x̂ and of dy:
// partials [chunks, 2, columns].
template <int W>
DEVICE void parameter_partials(const T* x, const float* known, const T* dy, float* partials, long long rows,
        int columns, float* scratch) {
    const long long chunk = (rows + gridDim.y - 1) / gridDim.y, from = chunk * blockIdx.y, to = min(rows, from + chunk);
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, column = (blockIdx.x * 32 + lane) * W;
    float sum[W] = {}, product[W] = {};
    if (column < columns) {
        for (long long row = from + warp; row < to; row += WARPS) {
            const float mean = known[2 * row], deviation = known[2 * row + 1];
            float v[W], d[W];
            load(x + row * columns + column, v);
            load(dy + row * columns + column, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                product[j] += d[j] * (v[j] - mean) * deviation;
                sum[j] += d[j];
            }
        }
    }
#pragma unroll
    for (int j = 0; j < W; j++) {
        scratch[(warp * 2 * W + j) * 32 + lane] = product[j];
        scratch[(warp * 2 * W + W + j) * 32 + lane] = sum[j];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 2 * W * 32; i += THREADS) {
        float total = 0;
        for (int w = 0; w < WARPS; w++) {
            total += scratch[w * 2 * W * 32 + i];
        }
        const int place = i / 32, c = (blockIdx.x * 32 + i % 32) * W + place % W;
        if (c < columns) {
            partials[(2ll * blockIdx.y + place / W) * columns + c] = total;
        }
    }
}

KERNEL(THREADS) layer_norm_parameter_partials(const T* __restrict__ x, const float* __restrict__ known,
        const T* __restrict__ dy, float* __restrict__ partials, long long rows, int columns, int wide) {
    __shared__ float scratch[WARPS * 2 * Lanes<T>::value * 32];
    if (wide) {
        parameter_partials<Lanes<T>::value>(x, known, dy, partials, rows, columns, scratch);
    } else {
        parameter_partials<1>(x, known, dy, partials, rows, columns, scratch);
    }
}

// The gradients of weight and bias: sums over the chunks.
KERNEL(THREADS) layer_norm_parameters(const float* __restrict__ partials, float* __restrict__ d_weight,
        float* __restrict__ d_bias, int chunks, int columns) {
    for (int c = blockIdx.x * blockDim.x + threadIdx.x; c < 2 * columns; c += gridDim.x * blockDim.x) {
        float sum = 0;
#pragma unroll 8
        for (int i = 0; i < chunks; i++) {
            sum += partials[2ll * i * columns + c];
        }
        if (c < columns) {
            d_weight[c] = sum;
        } else {
            d_bias[c - columns] = sum;
        }
    }
}

// dx = (dy · weight - mean(dy · weight) - x̂ · mean(dy · weight · x̂)) / √(variance + ε); dx may be dy's memory.
KERNEL(THREADS) layer_norm_gradient(const T* __restrict__ x, const float* __restrict__ known,
        const float* __restrict__ weight, const T* dy, T* dx, long long rows, int columns, int wide) {
    for (long long row = blockIdx.x * WARPS + threadIdx.x / 32; row < rows; row += gridDim.x * WARPS) {
        const float mean = known[2 * row], deviation = known[2 * row + 1];
        float all = 0, products = 0;
        over_row(columns, wide, [&](auto width, int c) {
            constexpr int W = width.value;
            float v[W], w[W], d[W];
            load(x + row * columns + c, v);
            load(weight + c, w);
            load(dy + row * columns + c, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                all += d[j] * w[j];
                products += d[j] * w[j] * (v[j] - mean) * deviation;
            }
        });
        all = warp_sum(all) / columns;
        products = warp_sum(products) / columns;
        over_row(columns, wide, [=](auto width, int c) {
            constexpr int W = width.value;
            float v[W], w[W], d[W];
            load(x + row * columns + c, v);
            load(weight + c, w);
            load(dy + row * columns + c, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                d[j] = (d[j] * w[j] - all - (v[j] - mean) * deviation * products) * deviation;
            }
            store(dx + row * columns + c, d);
        });
    }
}

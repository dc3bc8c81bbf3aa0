// Softmax of each row, its logarithm, and their gradients. A block takes a row; `wide`: the addresses and the number of
// columns allow accesses of 16 bytes. Results may be the memory of x or dy.

#define THREADS 1024

// body(Width<W>(), column) for a block's packs of a row.
template <class Body>
DEVICE void over_row(int columns, int wide, Body body) {
    constexpr int W = Lanes<T>::value;
    if (wide) {
        for (int c = threadIdx.x * W; c < columns; c += blockDim.x * W) {
            body(Width<W>(), c);
        }
    } else {
        for (int c = threadIdx.x; c < columns; c += blockDim.x) {
            body(Width<1>(), c);
        }
    }
}

// What the softmax is taken of: scale · x + mask[row / rows_per_sample][column], and for row % queries = q only columns
// up to q if queries is not 0. `mask` may be null.
template <int W>
DEVICE void scores(const T* x, const float* mask, float scale, int queries, long long row, int rows_per_sample,
        int columns, int c, float (&v)[W]) {
    load(x + row * columns + c, v);
    const float* added = mask == nullptr ? nullptr : mask + row / rows_per_sample * columns;
    const int last = queries == 0 ? columns : (int) (row % queries);
#pragma unroll
    for (int j = 0; j < W; j++) {
        v[j] = c + j > last ? -INFINITY_F : v[j] * scale + (added == nullptr ? 0 : added[c + j]);
    }
}

// One pass finds the largest number and the sum of the exponentials relative to it.
KERNEL(THREADS) softmax(const T* x, const float* __restrict__ mask, T* y, long long rows, int columns, float scale,
        int queries, int rows_per_sample, int logarithm, int wide) {
    __shared__ float scratch[64];
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        float largest = -INFINITY_F, sum = 0;
        over_row(columns, wide, [&](auto width, int c) {
            constexpr int W = width.value;
            float v[W];
            scores(x, mask, scale, queries, row, rows_per_sample, columns, c, v);
            float next = largest;
#pragma unroll
            for (int j = 0; j < W; j++) {
                next = maximum(next, v[j]);
            }
            sum = largest == -INFINITY_F ? 0 : sum * expf(largest - next);
            largest = next;
#pragma unroll
            for (int j = 0; j < W; j++) {
                sum += v[j] == -INFINITY_F ? 0 : expf(v[j] - largest);
            }
        });
        const float top = block_max(largest, scratch);
        const float total = block_sum(largest == -INFINITY_F ? 0 : sum * expf(largest - top), scratch + 32);
        const float factor = 1 / total, shift = logf(total);
        over_row(columns, wide, [=](auto width, int c) {
            constexpr int W = width.value;
            float v[W];
            scores(x, mask, scale, queries, row, rows_per_sample, columns, c, v);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = logarithm ? v[j] - top - shift : expf(v[j] - top) * factor;
            }
            store(y + row * columns + c, v);
        });
    }
}

// From the softmax y: dx = scale · y · (dy - Σ y·dy). From its logarithm y: dx = dy - exp(y) · Σ dy.
KERNEL(THREADS) softmax_gradient(const T* __restrict__ y, const T* dy, T* dx, long long rows, int columns, float scale,
        int logarithm, int wide) {
    __shared__ float scratch[64];
    int half = 0; // of the scratch memory: the other one may still be read
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        float sum = 0;
        over_row(columns, wide, [&](auto width, int c) {
            constexpr int W = width.value;
            float v[W], d[W];
            load(y + row * columns + c, v);
            load(dy + row * columns + c, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                sum += logarithm ? d[j] : v[j] * d[j];
            }
        });
        sum = block_sum(sum, scratch + half);
        half ^= 32;
        over_row(columns, wide, [=](auto width, int c) {
            constexpr int W = width.value;
            float v[W], d[W];
            load(y + row * columns + c, v);
            load(dy + row * columns + c, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                d[j] = logarithm ? d[j] - expf(v[j]) * sum : scale * v[j] * (d[j] - sum);
            }
            store(dx + row * columns + c, d);
        });
    }
}

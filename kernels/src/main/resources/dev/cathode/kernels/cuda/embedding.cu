// Lookups of rows, and sinusoids. An index outside its table makes its row NaN; nothing outside is read.

// y[r] = table[ids[r]].
KERNEL(256) embedding(const T* __restrict__ table, const int* __restrict__ ids, T* __restrict__ y, int table_rows,
        long long rows, int columns, int wide) {
    const long long count = rows * columns;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int W = width.value;
        const long long row = quotient(i, columns, count);
        const int id = ids[row];
        float v[W];
        if (id >= 0 && id < table_rows) {
            load(table + (long long) id * columns + (i - row * columns), v);
        } else {
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = NAN_F;
            }
        }
        store(y + i, v);
    });
}

// d_table[v] = Σ dy[r] over the rows r with id v, in their order; float. A warp takes a row of the table, 32 ids at a
// time; the row `padding` (-1: none) gets zeros.
KERNEL(256) embedding_gradient(const int* __restrict__ ids, const T* __restrict__ dy, float* __restrict__ d_table,
        int rows, int table_rows, int columns, int padding) {
    const int lane = threadIdx.x % 32, warps = gridDim.x * (blockDim.x / 32);
    for (int v = (blockIdx.x * blockDim.x + threadIdx.x) / 32; v < table_rows; v += warps) {
        for (int first = 0; first < columns; first += 128) { // each lane sums up four columns
            float sum[4] = {};
            for (int r = 0; r < rows && v != padding; r += 32) {
                unsigned int found = __ballot_sync(0xffffffffu, r + lane < rows && ids[min(r + lane, rows - 1)] == v);
                for (int k = 0; found != 0; k++, found >>= 1) {
                    if (found & 1) {
#pragma unroll
                        for (int j = 0; j < 4; j++) {
                            const int c = first + lane + 32 * j;
                            if (c < columns) {
                                sum[j] += to_float(dy[(long long) (r + k) * columns + c]);
                            }
                        }
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int c = first + lane + 32 * j;
                if (c < columns) {
                    d_table[(long long) v * columns + c] = sum[j];
                }
            }
        }
    }
}

// y[n] = x[n][positions[n]]: one row of each sample of x [batch, length, columns].
KERNEL(256) gather_rows(const T* __restrict__ x, const int* __restrict__ positions, T* __restrict__ y, int batch,
        int length, int columns) {
    const long long count = (long long) batch * columns;
    for_each<1>(count, false, [=](long long i, auto) {
        const long long n = quotient(i, columns, count);
        const int at = positions[n];
        if (at >= 0 && at < length) {
            y[i] = x[(n * length + at) * columns + (i - n * columns)];
        } else {
            narrow(NAN_F, y[i]);
        }
    });
}

// dx [batch, length, columns]: zeros but for one row of each sample.
KERNEL(256) gather_rows_gradient(const int* __restrict__ positions, const T* __restrict__ dy, T* __restrict__ dx,
        int batch, int length, int columns) {
    const long long count = (long long) batch * length * columns;
    for_each<1>(count, false, [=](long long i, auto) {
        const long long row = quotient(i, columns, count), n = quotient(row, length, count);
        if (row - n * length == positions[n]) {
            dx[i] = dy[n * columns + (i - row * columns)];
        } else {
            narrow(0, dx[i]);
        }
    });
}

// Sinusoidal embedding of timesteps (float) as diffusers' get_timestep_embedding, computed in double:
// angle = t · exp(-ln(max_period) · i / (columns / 2 - shift)).
KERNEL(256) sinusoid(const float* __restrict__ timesteps, T* __restrict__ y, int rows, int columns, int cosine_first,
        double shift, double max_period) {
    const int half = columns / 2;
    for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < (long long) rows * columns;
            i += gridDim.x * blockDim.x) {
        const int row = (int) (i / columns), column = (int) (i % columns), place = column % max(1, half);
        const double angle = timesteps[row] * exp(-log(max_period) * place / (half - shift));
        const bool cosine = (column < half) == (cosine_first != 0);
        narrow(column >= 2 * half ? 0.f : (float) (cosine ? cos(angle) : sin(angle)), y[i]);
    }
}

// The gradient of attention with respect to queries, keys and values. The probabilities are computed again from the
// scores and each query's logarithm of the sum of exponentials. Blocks that own keys pass over all queries, blocks that
// own queries pass over all keys, so that no two blocks add to one number.
//
//   attention_deltas -> attention_gradient_keys, attention_gradient_queries
//
// HEAD: numbers of a head, at most 160. TILE: rows of what passes by, 16 or 32.

#define THREADS 128
#define OWN 64 // rows of a block, 16 of a warp
#define PADDED ((HEAD + 15) / 16 * 16)
#define STRIDE (PADDED + 8)

// Shared memory of both: the block's two matrices [OWN, STRIDE], then twice two tiles [TILE, STRIDE].

// deltas [batch, heads, queries] = Σ output · dy over the columns of a head. A warp takes one.
KERNEL(THREADS) attention_deltas(const T* __restrict__ output, const T* __restrict__ dy, float* __restrict__ deltas,
        int batch, int heads, int queries, long long output_stride, long long dy_stride) {
    const long long count = (long long) batch * heads * queries;
    for (long long i = (blockIdx.x * THREADS + threadIdx.x) / 32; i < count; i += gridDim.x * (THREADS / 32)) {
        const long long sample = i / queries / heads, row = sample * queries + i % queries;
        const int head = (int) (i / queries % heads);
        float sum = 0;
        for (int c = threadIdx.x % 32; c < HEAD; c += 32) {
            const int column = head * HEAD + c;
            sum += to_float(output[row * output_stride + column]) * to_float(dy[row * dy_stride + column]);
        }
        sum = warp_sum(sum);
        if (threadIdx.x % 32 == 0) {
            deltas[i] = sum;
        }
    }
}

// scores [16, TILE] of a warp's own rows and a tile's: own · tileᵀ.
DEVICE void products(float (&scores)[TILE / 8][4], const T* own, const T* tile) {
#pragma unroll
    for (int i = 0; i < PADDED / 16; i++) {
        unsigned int a[4];
        load_matrices(a, fragment_row(own, STRIDE, threadIdx.x / 32 * 16, i * 16));
#pragma unroll
        for (int n = 0; n < TILE / 16; n++) {
            unsigned int b[4];
            load_matrices(b, column_row(tile, STRIDE, n * 16, i * 16));
            multiply(scores[2 * n], a, b[0], b[1]);
            multiply(scores[2 * n + 1], a, b[2], b[3]);
        }
    }
}

// sums [16, HEAD] += weights [16, TILE] · tile [TILE, HEAD].
DEVICE void collect(float (&sums)[PADDED / 8][4], const float (&weights)[TILE / 8][4], const T* tile) {
#pragma unroll
    for (int n = 0; n < TILE / 16; n++) {
        unsigned int a[4];
        as_fragment(weights[2 * n], weights[2 * n + 1], a);
#pragma unroll
        for (int c = 0; c < PADDED / 16; c++) {
            unsigned int b[4];
            load_matrices_transposed(b, fragment_row(tile, STRIDE, n * 16, c * 16));
            multiply(sums[2 * c], a, b[0], b[1]);
            multiply(sums[2 * c + 1], a, b[2], b[3]);
        }
    }
}

// A warp's 16 rows of a result, from `first` on.
DEVICE void write(T* result, long long stride, const float (&sums)[PADDED / 8][4], float factor, int first, int rows) {
    const int lane = threadIdx.x % 32, pair = lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < PADDED / 8; n++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const int row = first + lane / 4 + j / 2 * 8, column = n * 8 + pair + j % 2;
            if (row < rows && column < HEAD) {
                narrow(sums[n][j] * factor, result[row * stride + column]);
            }
        }
    }
}

// Grid (tiles of keys, batch · heads). The results' rows have heads · HEAD numbers.
KERNEL(THREADS) attention_gradient_keys(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
        const float* __restrict__ mask, const T* __restrict__ dy, const float* __restrict__ log_sums,
        const float* __restrict__ deltas, T* __restrict__ dk, T* __restrict__ dv, int heads, int queries, int keys,
        long long q_stride, long long k_stride, long long v_stride, long long dy_stride, float scale, int causal,
        int wide) {
    DYNAMIC_SHARED(T, shared);
    T* const k_own = shared;
    T* const v_own = shared + OWN * STRIDE;
    T* const tiles = shared + 2 * OWN * STRIDE;
    const int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
    const int head = blockIdx.y % heads, first = blockIdx.x * OWN, own = first + threadIdx.x / 32 * 16;
    const long long sample = blockIdx.y / heads;
    q += sample * queries * q_stride + head * HEAD;
    dy += sample * queries * dy_stride + head * HEAD;
    k += sample * keys * k_stride + head * HEAD;
    v += sample * keys * v_stride + head * HEAD;
    log_sums += (long long) blockIdx.y * queries;
    deltas += (long long) blockIdx.y * queries;
    const int begin = causal ? first / TILE : 0, end = (queries + TILE - 1) / TILE;

    load_tile<THREADS, OWN, PADDED>(k_own, STRIDE, k, k_stride, first, keys, HEAD, wide);
    load_tile<THREADS, OWN, PADDED>(v_own, STRIDE, v, v_stride, first, keys, HEAD, wide);
    if (begin < end) {
        load_tile<THREADS, TILE, PADDED>(tiles, STRIDE, q, q_stride, begin * TILE, queries, HEAD, wide);
        load_tile<THREADS, TILE, PADDED>(tiles + TILE * STRIDE, STRIDE, dy, dy_stride, begin * TILE, queries, HEAD,
                wide);
    }
    async_commit();

    float d_keys[PADDED / 8][4] = {}, d_values[PADDED / 8][4] = {}, added[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        const int key = own + group + r * 8;
        added[r] = mask == nullptr || key >= keys ? 0 : mask[sample * keys + key] * 1.44269504f;
    }
    for (int tile = begin; tile < end; tile++) {
        if (tile + 1 < end) {
            T* const next = tiles + (tile + 1 - begin) % 2 * 2 * TILE * STRIDE;
            const int query = (tile + 1) * TILE;
            load_tile<THREADS, TILE, PADDED>(next, STRIDE, q, q_stride, query, queries, HEAD, wide);
            load_tile<THREADS, TILE, PADDED>(next + TILE * STRIDE, STRIDE, dy, dy_stride, query, queries, HEAD, wide);
            async_commit();
            async_wait<1>();
        } else {
            async_wait<0>();
        }
        __syncthreads();
        const T* const q_tile = tiles + (tile - begin) % 2 * 2 * TILE * STRIDE;
        const T* const dy_tile = q_tile + TILE * STRIDE;
        float p[TILE / 8][4] = {}, ds[TILE / 8][4] = {}; // [keys, queries]
        products(p, k_own, q_tile);
        products(ds, v_own, dy_tile);
#pragma unroll
        for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int query = tile * TILE + n * 8 + pair + j % 2, key = own + group + j / 2 * 8;
                const bool seen = query < queries && key < keys && !(causal && key > query);
                const int at = min(query, queries - 1);
                p[n][j] = seen ? exp2_fast(p[n][j] * (scale * 1.44269504f) + added[j / 2] - log_sums[at]) : 0;
                ds[n][j] = seen ? p[n][j] * (ds[n][j] - deltas[at]) : 0;
            }
        }
        collect(d_values, p, dy_tile);
        collect(d_keys, ds, q_tile);
        __syncthreads(); // the tiles may be overwritten
    }
    async_wait<0>();
    const long long stride = (long long) heads * HEAD, start = sample * keys * stride + head * HEAD;
    write(dk + start, stride, d_keys, scale, own, keys);
    write(dv + start, stride, d_values, 1, own, keys);
}

// Grid (tiles of queries, batch · heads).
KERNEL(THREADS) attention_gradient_queries(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
        const float* __restrict__ mask, const T* __restrict__ dy, const float* __restrict__ log_sums,
        const float* __restrict__ deltas, T* __restrict__ dq, int heads, int queries, int keys, long long q_stride,
        long long k_stride, long long v_stride, long long dy_stride, float scale, int causal, int wide) {
    DYNAMIC_SHARED(T, shared);
    T* const q_own = shared;
    T* const dy_own = shared + OWN * STRIDE;
    T* const tiles = shared + 2 * OWN * STRIDE;
    const int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
    const int head = blockIdx.y % heads, first = blockIdx.x * OWN, own = first + threadIdx.x / 32 * 16;
    const long long sample = blockIdx.y / heads;
    q += sample * queries * q_stride + head * HEAD;
    dy += sample * queries * dy_stride + head * HEAD;
    k += sample * keys * k_stride + head * HEAD;
    v += sample * keys * v_stride + head * HEAD;
    const int end = ((causal ? min(keys, first + OWN) : keys) + TILE - 1) / TILE;

    load_tile<THREADS, OWN, PADDED>(q_own, STRIDE, q, q_stride, first, queries, HEAD, wide);
    load_tile<THREADS, OWN, PADDED>(dy_own, STRIDE, dy, dy_stride, first, queries, HEAD, wide);
    load_tile<THREADS, TILE, PADDED>(tiles, STRIDE, k, k_stride, 0, keys, HEAD, wide);
    load_tile<THREADS, TILE, PADDED>(tiles + TILE * STRIDE, STRIDE, v, v_stride, 0, keys, HEAD, wide);
    async_commit();

    float d_queries[PADDED / 8][4] = {}, log_sum[2], delta[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        const long long at = (long long) blockIdx.y * queries + min(own + group + r * 8, queries - 1);
        log_sum[r] = log_sums[at];
        delta[r] = deltas[at];
    }
    for (int tile = 0; tile < end; tile++) {
        if (tile + 1 < end) {
            T* const next = tiles + (tile + 1) % 2 * 2 * TILE * STRIDE;
            const int key = (tile + 1) * TILE;
            load_tile<THREADS, TILE, PADDED>(next, STRIDE, k, k_stride, key, keys, HEAD, wide);
            load_tile<THREADS, TILE, PADDED>(next + TILE * STRIDE, STRIDE, v, v_stride, key, keys, HEAD, wide);
            async_commit();
            async_wait<1>();
        } else {
            async_wait<0>();
        }
        __syncthreads();
        const T* const k_tile = tiles + tile % 2 * 2 * TILE * STRIDE;
        const T* const v_tile = k_tile + TILE * STRIDE;
        float ds[TILE / 8][4] = {}, dp[TILE / 8][4] = {}; // [queries, keys]
        products(ds, q_own, k_tile);
        products(dp, dy_own, v_tile);
#pragma unroll
        for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int key = tile * TILE + n * 8 + pair + j % 2, query = own + group + j / 2 * 8;
                const bool seen = key < keys && !(causal && key > query);
                const float added = mask == nullptr || !seen ? 0 : mask[sample * keys + key] * 1.44269504f;
                const float p = exp2_fast(ds[n][j] * (scale * 1.44269504f) + added - log_sum[j / 2]);
                ds[n][j] = seen ? p * (dp[n][j] - delta[j / 2]) : 0;
            }
        }
        collect(d_queries, ds, k_tile);
        __syncthreads(); // the tiles may be overwritten
    }
    const long long stride = (long long) heads * HEAD;
    write(dq + sample * queries * stride + head * HEAD, stride, d_queries, scale, own, queries);
}

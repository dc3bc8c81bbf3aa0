// Attention without ever holding the matrix of scores (Dao 2023, "FlashAttention-2"): softmax(scale · q kᵀ + mask) v. A
// warp takes 16 queries; keys and values pass by in tiles that are copied while the tile before is computed.
//
// HEAD: numbers of a head, at most 160, or more if COLUMNS is less. COLUMNS: columns of v and of the result that a
// block computes. KEYS: keys of a tile, 32 or 64.

#define THREADS 128
#define QUERIES 64
#define PADDED ((HEAD + 15) / 16 * 16) // of q and k
#define STRIDE (PADDED + 8) // an odd number of 16 bytes: rows that follow each other lie in different banks
#define WIDE_COLUMNS ((COLUMNS + 15) / 16 * 16) // of v
#define V_STRIDE (WIDE_COLUMNS + 8)
#define KEPT (HEAD <= 160) // q's fragments stay in registers

// Shared memory: q [QUERIES, STRIDE], then twice k [KEYS, STRIDE] and v [KEYS, V_STRIDE].

// Grid (tiles of queries, batch · heads, parts of COLUMNS columns). log_sums [batch, heads, queries]: the logarithm to
// base 2 of each query's sum of exponentials, for the gradient; may be null. mask [batch, keys], added to the scores,
// may be null. Strides are numbers from row to row. `wide`: everything allows accesses of 16 bytes.
KERNEL(THREADS) attention(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
        const float* __restrict__ mask, T* __restrict__ output, float* __restrict__ log_sums, int heads, int queries,
        int keys, long long q_stride, long long k_stride, long long v_stride, long long output_stride, float scale,
        int causal, int wide) {
    DYNAMIC_SHARED(T, shared);
    T* const q_tile = shared;
    T* const k_tiles = shared + QUERIES * STRIDE;
    T* const v_tiles = k_tiles + 2 * KEYS * STRIDE;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, pair = lane % 4 * 2;
    const int head = blockIdx.y % heads, first_query = blockIdx.x * QUERIES, part = blockIdx.z * COLUMNS;
    const int columns = min(COLUMNS, HEAD - part);
    const long long sample = blockIdx.y / heads;
    q += sample * queries * q_stride + head * HEAD;
    k += sample * keys * k_stride + head * HEAD;
    v += sample * keys * v_stride + head * HEAD + part;
    output += sample * queries * output_stride + head * HEAD + part;
    if (mask != nullptr) {
        mask += sample * keys;
    }
    const int end = causal ? min(keys, first_query + QUERIES) : keys, tiles = (end + KEYS - 1) / KEYS;

    load_tile<THREADS, QUERIES, PADDED>(q_tile, STRIDE, q, q_stride, first_query, queries, HEAD, wide);
    load_tile<THREADS, KEYS, PADDED>(k_tiles, STRIDE, k, k_stride, 0, keys, HEAD, wide);
    load_tile<THREADS, KEYS, WIDE_COLUMNS>(v_tiles, V_STRIDE, v, v_stride, 0, keys, columns, wide);
    async_commit();

    unsigned int q_fragments[KEPT ? PADDED / 16 : 1][4];
    float out[WIDE_COLUMNS / 8][4] = {};
    float largest[2] = {-INFINITY_F, -INFINITY_F}, sums[2] = {}; // of rows group and group + 8
    const float factor = scale * 1.44269504f; // exponentials are to base 2
    for (int tile = 0; tile < tiles; tile++) {
        if (tile + 1 < tiles) {
            const int next = (tile + 1) % 2, key = (tile + 1) * KEYS;
            load_tile<THREADS, KEYS, PADDED>(k_tiles + next * KEYS * STRIDE, STRIDE, k, k_stride, key, keys, HEAD,
                    wide);
            load_tile<THREADS, KEYS, WIDE_COLUMNS>(v_tiles + next * KEYS * V_STRIDE, V_STRIDE, v, v_stride, key, keys,
                    columns, wide);
            async_commit();
            async_wait<1>();
        } else {
            async_wait<0>();
        }
        __syncthreads();
        if (KEPT && tile == 0) {
#pragma unroll
            for (int i = 0; i < PADDED / 16; i++) {
                load_matrices(q_fragments[KEPT ? i : 0], fragment_row(q_tile, STRIDE, warp * 16, i * 16));
            }
        }
        const T* const k_tile = k_tiles + tile % 2 * KEYS * STRIDE;
        const T* const v_tile = v_tiles + tile % 2 * KEYS * V_STRIDE;

        float scores[KEYS / 8][4] = {};
#pragma unroll
        for (int i = 0; i < PADDED / 16; i++) {
            if (!KEPT) {
                load_matrices(q_fragments[0], fragment_row(q_tile, STRIDE, warp * 16, i * 16));
            }
#pragma unroll
            for (int n = 0; n < KEYS / 16; n++) {
                unsigned int b[4];
                load_matrices(b, column_row(k_tile, STRIDE, n * 16, i * 16));
                multiply(scores[2 * n], q_fragments[KEPT ? i : 0], b[0], b[1]);
                multiply(scores[2 * n + 1], q_fragments[KEPT ? i : 0], b[2], b[3]);
            }
        }

        float top[2] = {largest[0], largest[1]};
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int key = tile * KEYS + n * 8 + pair + j % 2;
                const int query = first_query + warp * 16 + group + j / 2 * 8;
                float s = scores[n][j] * factor;
                if (mask != nullptr && key < keys) {
                    s += mask[key] * 1.44269504f;
                }
                if (key >= keys || (causal && key > query)) {
                    s = -INFINITY_F;
                }
                scores[n][j] = s;
                top[j / 2] = maximum(top[j / 2], s);
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            top[r] = maximum(top[r], __shfl_xor_sync(0xffffffffu, top[r], 1));
            top[r] = maximum(top[r], __shfl_xor_sync(0xffffffffu, top[r], 2));
            const float base = top[r] == -INFINITY_F ? 0 : top[r]; // nothing but hidden keys so far
            const float shrink = exp2_fast(largest[r] - base);
            largest[r] = top[r];
            top[r] = base;
            sums[r] *= shrink;
#pragma unroll
            for (int n = 0; n < WIDE_COLUMNS / 8; n++) {
                out[n][2 * r] *= shrink;
                out[n][2 * r + 1] *= shrink;
            }
        }
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                scores[n][j] = exp2_fast(scores[n][j] - top[j / 2]);
                sums[j / 2] += scores[n][j];
            }
        }
#pragma unroll
        for (int n = 0; n < KEYS / 16; n++) {
            unsigned int p[4];
            as_fragment(scores[2 * n], scores[2 * n + 1], p);
#pragma unroll
            for (int c = 0; c < WIDE_COLUMNS / 16; c++) {
                unsigned int b[4];
                load_matrices_transposed(b, fragment_row(v_tile, V_STRIDE, n * 16, c * 16));
                multiply(out[2 * c], p, b[0], b[1]);
                multiply(out[2 * c + 1], p, b[2], b[3]);
            }
        }
        __syncthreads(); // the tile may be overwritten
    }

#pragma unroll
    for (int r = 0; r < 2; r++) {
        sums[r] += __shfl_xor_sync(0xffffffffu, sums[r], 1);
        sums[r] += __shfl_xor_sync(0xffffffffu, sums[r], 2);
        const int query = first_query + warp * 16 + group + r * 8;
        if (query < queries) {
            const float inverse = 1 / sums[r];
#pragma unroll
            for (int n = 0; n < WIDE_COLUMNS / 8; n++) {
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    if (n * 8 + pair + j < columns) {
                        narrow(out[n][2 * r + j] * inverse, output[query * output_stride + n * 8 + pair + j]);
                    }
                }
            }
            if (log_sums != nullptr && lane % 4 == 0 && blockIdx.z == 0) {
                log_sums[(long long) blockIdx.y * queries + query] = largest[r] + log2f(sums[r]);
            }
        }
    }
}

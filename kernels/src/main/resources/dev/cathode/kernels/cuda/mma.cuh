// Products of small matrices by a warp, and copies into shared memory that run beside the threads. T is bf16 or half.
//
// Fragments are those of PTX's mma.m16n8k16: with g = lane / 4 and p = lane % 4 * 2, a lane holds
//   A [16, 16]: a[0] = (g, p..p+1), a[1] = (g + 8, p..), a[2] = (g, p + 8..), a[3] = (g + 8, p + 8..)
//   B [16, 8]:  b[0] = (p..p+1, g), b[1] = (p + 8.., g)
//   C [16, 8]:  c[0], c[1] = (g, p..p+1), c[2], c[3] = (g + 8, p..p+1)

template <class S> struct IsHalf { static constexpr bool value = false; };
template <> struct IsHalf<half> { static constexpr bool value = true; };

#ifdef CATHODE_SHIM

// c += a · b
#define multiply(c, a, b0, b1) shim_multiply(c, a, b0, b1, SHIM_SITE)
DEVICE void shim_multiply(float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1,
        const char* site) {
    shim_mma_payload p = {{a[0], a[1], a[2], a[3]}, {b0, b1}, {c[0], c[1], c[2], c[3]}, IsHalf<T>::value};
    shim_warp(0xffffffffu, shim_mma, &p, site);
    for (int i = 0; i < 4; i++) {
        c[i] = p.c[i];
    }
}

// Four matrices [8, 8]; lane i names row i % 8 of matrix i / 8, aligned to 16 bytes. Word m: (lane / 4, lane % 4 * 2..)
// of matrix m; transposed: (lane % 4 * 2.., lane / 4).
#define load_matrices(words, row) shim_load_matrices(words, row, false, SHIM_SITE)
#define load_matrices_transposed(words, row) shim_load_matrices(words, row, true, SHIM_SITE)
DEVICE void shim_load_matrices(unsigned int (&words)[4], const T* row, bool transposed, const char* site) {
    shim_ldmatrix_payload p = {row, transposed, {}};
    shim_warp(0xffffffffu, shim_ldmatrix, &p, site);
    for (int i = 0; i < 4; i++) {
        words[i] = p.words[i];
    }
}

// 16 bytes; zeros if not valid. Copies form groups; async_wait<N> waits for all but the latest N groups of this thread.
#define async_copy(shared, global, valid) shim_async_copy(shared, (valid) ? (global) : nullptr, SHIM_SITE)
DEVICE void async_commit() { shim_async_commit(); }
template <int N> DEVICE void async_wait() { shim_async_wait(N); }

DEVICE float exp2_fast(float x) { return exp2f(x); }

#else

DEVICE void multiply(float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
    if constexpr (IsHalf<T>::value) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    } else {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
}

DEVICE void load_matrices(unsigned int (&words)[4], const T* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
            : "r"((unsigned int) __cvta_generic_to_shared(row)) : "memory");
}

DEVICE void load_matrices_transposed(unsigned int (&words)[4], const T* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
            : "r"((unsigned int) __cvta_generic_to_shared(row)) : "memory");
}

DEVICE void async_copy(void* shared, const void* global, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
            :: "r"((unsigned int) __cvta_generic_to_shared(shared)), "l"(global), "r"(valid ? 16 : 0) : "memory");
}
DEVICE void async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> DEVICE void async_wait() { asm volatile("cp.async.wait_group %0;" :: "n"(N) : "memory"); }

DEVICE float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

#endif

// Two columns of tiles C [16, 8] beside each other as one fragment A [16, 16].
DEVICE void as_fragment(const float (&left)[4], const float (&right)[4], unsigned int (&a)[4]) {
    a[0] = pack_two<T>(left[0], left[1]);
    a[1] = pack_two<T>(left[2], left[3]);
    a[2] = pack_two<T>(right[0], right[1]);
    a[3] = pack_two<T>(right[2], right[3]);
}

// The lane's row for load_matrices of A [16, 16] or of B transposed in memory, [16 columns of B, 16]: words 0 to 3 are
// a[0..3] of A.
DEVICE const T* fragment_row(const T* tile, int stride, int row, int column) {
    const int lane = threadIdx.x % 32;
    return tile + (row + lane % 16) * stride + column + lane / 16 * 8;
}

// The same for B [16, 16 columns], whose columns' words are (0, 1) and (2, 3): as it lies in memory, k by rows, for
// load_matrices_transposed it is the same place; with k along the rows of memory, [16 columns, 16 k], for
// load_matrices:
DEVICE const T* column_row(const T* tile, int stride, int row, int column) {
    const int lane = threadIdx.x % 32;
    return tile + (row + lane % 8 + lane / 16 * 8) * stride + column + lane / 8 % 2 * 8;
}

// Rows `first` to first + ROWS of x [rows, columns], row stride `stride`, to a tile; zeros beyond. What fills the tile
// up to WIDTH columns is zero too.
template <int THREADS_OF_BLOCK, int ROWS, int WIDTH>
DEVICE void load_tile(T* tile, int tile_stride, const T* x, long long stride, int first, int rows, int columns,
        int wide) {
    for (int i = threadIdx.x; i < ROWS * (WIDTH / 8); i += THREADS_OF_BLOCK) {
        const int row = i / (WIDTH / 8), column = i % (WIDTH / 8) * 8;
        T* to = tile + row * tile_stride + column;
        const bool inside = first + row < rows;
        if (wide) {
            const bool valid = inside && column < columns;
            async_copy(to, x + (valid ? (first + row) * stride + column : 0), valid);
        } else {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                if (inside && column + j < columns) {
                    to[j] = x[(first + row) * stride + column + j];
                } else {
                    narrow(0, to[j]);
                }
            }
        }
    }
}

// What every kernel uses. No CUDA header is needed: half-precision types and their conversions are defined here.
// Compiled by NVRTC for a GPU, or by g++ with the shim of the tests (CATHODE_SHIM) for the CPU.

#ifndef T
#define T float
#endif

// An entry point; `threads` is the largest block it may be launched with.
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define DEVICE static __device__ __forceinline__

#ifndef CATHODE_SHIM
// The block's dynamic shared memory; once in a kernel.
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) unsigned char dynamic_shared_memory[]; \
    type* const name = reinterpret_cast<type*>(dynamic_shared_memory)
#define INFINITY_F __int_as_float(0x7f800000)
#define NAN_F __int_as_float(0x7fffffff)
#endif

// ---- number types

struct bf16 { unsigned short bits; };
struct half { unsigned short bits; };
struct __align__(16) Words { unsigned int x, y, z, w; };

DEVICE float to_float(float x) { return x; }
DEVICE float to_float(bf16 x) { return __uint_as_float((unsigned int) x.bits << 16); }

#ifdef CATHODE_SHIM
DEVICE float to_float(half x) { return shim_half_to_float(x.bits); }
DEVICE void narrow(float x, bf16& y) { y.bits = shim_float_to_bf16(x); }
DEVICE void narrow(float x, half& y) { y.bits = shim_float_to_half(x); }
#else
DEVICE float to_float(half x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}
DEVICE void narrow(float x, bf16& y) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x)); }
DEVICE void narrow(float x, half& y) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x)); }
#endif
DEVICE void narrow(float x, float& y) { y = x; }

// Two numbers in one register, the first one in the lower half.
template <class S>
DEVICE unsigned int pack_two(float low, float high) {
    S a, b;
    narrow(low, a);
    narrow(high, b);
    return (unsigned int) a.bits | (unsigned int) b.bits << 16;
}

// ---- access to memory: N numbers at once, 16 bytes at a time unless N is 1

// Numbers of type S in 16 bytes.
template <class S>
struct Lanes { static constexpr int value = 16 / sizeof(S); };

template <int N>
struct Width { static constexpr int value = N; };

DEVICE void unpack(Words w, float (&v)[4], float) {
    v[0] = __uint_as_float(w.x);
    v[1] = __uint_as_float(w.y);
    v[2] = __uint_as_float(w.z);
    v[3] = __uint_as_float(w.w);
}

template <class S>
DEVICE void unpack(Words w, float (&v)[8], S) {
    const unsigned int words[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        v[2 * i] = to_float(S{(unsigned short) (words[i] & 0xffff)});
        v[2 * i + 1] = to_float(S{(unsigned short) (words[i] >> 16)});
    }
}

DEVICE Words repack(const float (&v)[4], float) {
    return Words{__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3])};
}

template <class S>
DEVICE Words repack(const float (&v)[8], S) {
    return Words{pack_two<S>(v[0], v[1]), pack_two<S>(v[2], v[3]), pack_two<S>(v[4], v[5]), pack_two<S>(v[6], v[7])};
}

template <int N, class S>
DEVICE void load(const S* p, float (&v)[N]) {
    if constexpr (N == 1) {
        v[0] = to_float(*p);
    } else {
        constexpr int L = Lanes<S>::value;
        static_assert(N % L == 0, "whole accesses of 16 bytes");
#pragma unroll
        for (int i = 0; i < N; i += L) {
            float part[L];
            unpack(*reinterpret_cast<const Words*>(p + i), part, S{});
#pragma unroll
            for (int j = 0; j < L; j++) {
                v[i + j] = part[j];
            }
        }
    }
}

template <int N, class S>
DEVICE void store(S* p, const float (&v)[N]) {
    if constexpr (N == 1) {
        narrow(v[0], *p);
    } else {
        constexpr int L = Lanes<S>::value;
        static_assert(N % L == 0, "whole accesses of 16 bytes");
#pragma unroll
        for (int i = 0; i < N; i += L) {
            float part[L];
#pragma unroll
            for (int j = 0; j < L; j++) {
                part[j] = v[i + j];
            }
            *reinterpret_cast<Words*>(p + i) = repack(part, S{});
        }
    }
}

// Whether all of these addresses allow accesses of 16 bytes.
template <class... P>
DEVICE bool aligned(const P*... p) {
    return ((0 | ... | reinterpret_cast<unsigned long long>(p)) & 15) == 0;
}

// i / d of numbers up to `bound`: in 32 bits, which is several times as fast, if they fit.
DEVICE long long quotient(long long i, int d, long long bound) {
    return bound <= 0xffffffffll ? (long long) ((unsigned int) i / (unsigned int) d) : i / d;
}

// The whole grid over `count` numbers: body(i, Width<W>()) for W numbers from i on if `wide`, Width<1> for the rest.
template <int W, class Body>
DEVICE void for_each(long long count, bool wide, Body body) {
    const long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    const long long threads = (long long) gridDim.x * blockDim.x;
    const long long packs = wide ? count / W : 0;
    for (long long i = thread; i < packs; i += threads) {
        body(i * W, Width<W>());
    }
    for (long long i = packs * W + thread; i < count; i += threads) {
        body(i, Width<1>());
    }
}

// ---- reductions, in an order that does not depend on anything but the size of the block

// The larger number; NaN if one is.
DEVICE float maximum(float a, float b) { return a > b || a != a ? a : b; }

template <class N>
DEVICE N warp_sum(N x) {
#pragma unroll
    for (int d = 16; d > 0; d >>= 1) {
        x += __shfl_xor_sync(0xffffffffu, x, d);
    }
    return x;
}

DEVICE float warp_max(float x) {
#pragma unroll
    for (int d = 16; d > 0; d >>= 1) {
        x = maximum(x, __shfl_xor_sync(0xffffffffu, x, d));
    }
    return x;
}

// The sum over a block of whole warps, in every thread. `scratch`: 32 numbers of shared memory, free again after the
// next barrier.
template <class N>
DEVICE N block_sum(N x, N* scratch) {
    x = warp_sum(x);
    if (threadIdx.x % 32 == 0) {
        scratch[threadIdx.x / 32] = x;
    }
    __syncthreads();
    N sum = 0;
    for (int i = 0; i < (int) blockDim.x / 32; i++) {
        sum += scratch[i];
    }
    return sum;
}

// The largest number of a block of whole warps, in every thread; NaN if one is.
DEVICE float block_max(float x, float* scratch) {
    x = warp_max(x);
    if (threadIdx.x % 32 == 0) {
        scratch[threadIdx.x / 32] = x;
    }
    __syncthreads();
    float max = scratch[0];
    for (int i = 1; i < (int) blockDim.x / 32; i++) {
        max = maximum(max, scratch[i]);
    }
    return max;
}

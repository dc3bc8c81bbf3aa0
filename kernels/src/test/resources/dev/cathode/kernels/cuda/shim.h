// What a .cu file finds when g++ compiles it for the CPU: each thread of a block is a fiber, shim.cpp schedules them.
// Strict where a GPU would be silent: see shim.cpp.
#pragma once
#define CATHODE_SHIM 1

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// One place for the shared variables of a library, so that they can be poisoned before each block. Only in kernels.
#define __shared__ static __attribute__((section("shim_shared"), used))
#define DYNAMIC_SHARED(type, name) type* const name = reinterpret_cast<type*>(shim_dynamic_shared())
#define INFINITY_F __builtin_inff()
#define NAN_F __builtin_nanf("")

#include "shim_mma.h"

struct shim_dim3 { unsigned int x, y, z; };
extern "C" {
extern shim_dim3 threadIdx, blockIdx, blockDim, gridDim;

// What a lane brings to an operation of its warp, and takes from it.
struct shim_lane { void* payload; };
typedef void (*shim_operation)(shim_lane* lanes, unsigned int mask, const char* site);

void* shim_dynamic_shared();
void shim_barrier(int id, int threads, const char* site);
void shim_warp(unsigned int mask, shim_operation operation, void* payload, const char* site);
void shim_fail(const char* message, const char* site);
void shim_async_copy(void* shared, const void* global, const char* site);
void shim_async_commit();
void shim_async_wait(int pending);
unsigned short shim_float_to_half(float x);
float shim_half_to_float(unsigned short x);
unsigned short shim_float_to_bf16(float x);
void shim_shuffle(shim_lane* lanes, unsigned int mask, const char* site);
void shim_vote(shim_lane* lanes, unsigned int mask, const char* site);
void shim_nothing(shim_lane* lanes, unsigned int mask, const char* site);
void shim_mma(shim_lane* lanes, unsigned int mask, const char* site);
void shim_ldmatrix(shim_lane* lanes, unsigned int mask, const char* site);
}

#define SHIM_TEXT(x) #x
#define SHIM_LINE(x) SHIM_TEXT(x)
#define SHIM_SITE __FILE__ ":" SHIM_LINE(__LINE__)

// ---- barriers

#define __syncthreads() shim_barrier(0, 0, SHIM_SITE)
#define __syncwarp(...) shim_warp(0xffffffffu __VA_OPT__(& (__VA_ARGS__)), shim_nothing, nullptr, SHIM_SITE)
#define named_barrier(id, threads) shim_barrier(id, threads, SHIM_SITE)
inline void __threadfence() { }
inline void __threadfence_block() { }

// ---- warp shuffles and votes

struct shim_shuffle_payload {
    unsigned long long value;
    int source; // lane of the warp
};

template <class N>
inline N shim_exchange(unsigned int mask, N x, int source, const char* site) {
    shim_shuffle_payload p{0, source};
    __builtin_memcpy(&p.value, &x, sizeof(N));
    shim_warp(mask, shim_shuffle, &p, site);
    __builtin_memcpy(&x, &p.value, sizeof(N));
    return x;
}

inline int shim_lane_id() { return (int) ((threadIdx.x + threadIdx.y * blockDim.x) % 32); }
inline int shim_inside(int lane, int source, int width) {
    return source / width == lane / width && source >= 0 && source < 32 ? source : lane;
}
#define __shfl_xor_sync(mask, x, d) shim_exchange(mask, x, shim_lane_id() ^ (d), SHIM_SITE)
#define __shfl_sync(mask, x, source) shim_exchange(mask, x, (source) & 31, SHIM_SITE)
#define __shfl_up_sync(mask, x, d) \
    shim_exchange(mask, x, shim_inside(shim_lane_id(), shim_lane_id() - (int) (d), 32), SHIM_SITE)
#define __shfl_down_sync(mask, x, d) \
    shim_exchange(mask, x, shim_inside(shim_lane_id(), shim_lane_id() + (int) (d), 32), SHIM_SITE)

inline unsigned int shim_ballot(unsigned int mask, bool x, const char* site) {
    unsigned int p = x;
    shim_warp(mask, shim_vote, &p, site);
    return p;
}
#define __ballot_sync(mask, x) shim_ballot(mask, x, SHIM_SITE)
#define __any_sync(mask, x) (shim_ballot(mask, x, SHIM_SITE) != 0)
#define __all_sync(mask, x) (shim_ballot(mask, !(x), SHIM_SITE) == 0)

// ---- atomics: fibers change only at barriers. There is none for floats: their order would show in the result.

template <class N> inline N atomicAdd(N* p, N x) {
    static_assert(N(0.5) == N(0), "the order of additions of floats is not defined");
    N old = *p;
    *p = old + x;
    return old;
}
template <class N> inline N atomicMax(N* p, N x) { N old = *p; *p = old > x ? old : x; return old; }
template <class N> inline N atomicMin(N* p, N x) { N old = *p; *p = old < x ? old : x; return old; }
template <class N> inline N atomicExch(N* p, N x) { N old = *p; *p = x; return old; }
template <class N> inline N atomicCAS(N* p, N expected, N x) { N old = *p; if (old == expected) *p = x; return old; }

// ---- functions of numbers

template <class N> inline N __ldg(const N* p) { return *p; }
inline float __uint_as_float(unsigned int x) { float y; __builtin_memcpy(&y, &x, 4); return y; }
inline float __int_as_float(int x) { float y; __builtin_memcpy(&y, &x, 4); return y; }
inline unsigned int __float_as_uint(float x) { unsigned int y; __builtin_memcpy(&y, &x, 4); return y; }
inline int __float_as_int(float x) { int y; __builtin_memcpy(&y, &x, 4); return y; }
inline unsigned int __umulhi(unsigned int a, unsigned int b) {
    return (unsigned int) ((unsigned long long) a * b >> 32);
}
inline int __popc(unsigned int x) { return __builtin_popcount(x); }
#define expf __builtin_expf
#define __expf __builtin_expf
#define exp2f __builtin_exp2f
#define expm1f __builtin_expm1f
#define logf __builtin_logf
#define __logf __builtin_logf
#define log2f __builtin_log2f
#define log1pf __builtin_log1pf
#define sqrtf __builtin_sqrtf
#define tanhf __builtin_tanhf
#define erff __builtin_erff
#define sinf __builtin_sinf
#define cosf __builtin_cosf
#define fabsf __builtin_fabsf
#define fmaf __builtin_fmaf
#define fmaxf __builtin_fmaxf
#define fminf __builtin_fminf
#define floorf __builtin_floorf
#define sqrt __builtin_sqrt
#define exp __builtin_exp
#define sin __builtin_sin
#define cos __builtin_cos
#define log __builtin_log
#define pow __builtin_pow
#define isfinite(x) __builtin_isfinite(x)
#define isnan(x) __builtin_isnan(x)
inline float rsqrtf(float x) { return 1 / __builtin_sqrtf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline unsigned int min(unsigned int a, unsigned int b) { return a < b ? a : b; }
inline unsigned int max(unsigned int a, unsigned int b) { return a > b ? a : b; }
inline long long min(long long a, long long b) { return a < b ? a : b; }
inline long long max(long long a, long long b) { return a > b ? a : b; }

// ---- the door for the host: one entry for each kernel, appended to the source by the harness

namespace shim {
template <class A> struct kind;
template <class A> struct kind<A*> { static constexpr char value = 'p'; };
template <> struct kind<int> { static constexpr char value = 'i'; };
template <> struct kind<unsigned int> { static constexpr char value = 'i'; };
template <> struct kind<long long> { static constexpr char value = 'l'; };
template <> struct kind<unsigned long long> { static constexpr char value = 'l'; };
template <> struct kind<float> { static constexpr char value = 'f'; };
template <> struct kind<double> { static constexpr char value = 'd'; };

template <int... I> struct indices { };
template <int N, int... I> struct count : count<N - 1, N - 1, I...> { };
template <int... I> struct count<0, I...> { typedef indices<I...> type; };

template <class... A, int... I>
void call(void (*kernel)(A...), void** a, indices<I...>) { kernel(*reinterpret_cast<A*>(a[I])...); }
template <class... A>
void call(void (*kernel)(A...), void** a) { call(kernel, a, typename count<sizeof...(A)>::type()); }
template <class... A>
const char* signature(void (*)(A...)) {
    static const char text[] = {kind<A>::value..., 0};
    return text;
}
}

extern "C" {
extern char __start_shim_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_shim_shared[] __attribute__((weak, visibility("hidden")));
struct shim_entry {
    void (*call)(void** arguments);
    const char* signature;
    int threads;
    char* shared;
    char* shared_end;
};
}

#define SHIM_ENTRY(name, largest) \
    static void shim_call_##name(void** a) { shim::call(&name, a); } \
    extern "C" shim_entry shim_entry_##name() { \
        return {shim_call_##name, shim::signature(&name), largest, __start_shim_shared, __stop_shim_shared}; \
    }

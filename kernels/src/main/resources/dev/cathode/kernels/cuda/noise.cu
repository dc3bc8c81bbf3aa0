// Random numbers by Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): each number is a
// function of the seed, the offset and its place, whatever the grid. Four numbers at a time come from one counter.

struct Four { unsigned int v[4]; };

DEVICE Four philox(unsigned long long counter, unsigned long long stream, unsigned long long seed) {
    unsigned int c0 = (unsigned int) counter, c1 = (unsigned int) (counter >> 32);
    unsigned int c2 = (unsigned int) stream, c3 = (unsigned int) (stream >> 32);
    unsigned int k0 = (unsigned int) seed, k1 = (unsigned int) (seed >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const unsigned int high0 = __umulhi(0xd2511f53u, c0), low0 = 0xd2511f53u * c0;
        const unsigned int high1 = __umulhi(0xcd9e8d57u, c2), low1 = 0xcd9e8d57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    return Four{{c0, c1, c2, c3}};
}

// In the middle of one of 2^24 steps of (0, 1), so that neither end is met.
DEVICE float uniform_number(unsigned int bits) { return ((bits >> 8) + 0.5f) * 0x1p-24f; }

// Two normal numbers from two uniform ones (Box & Muller 1958). The first one has all 32 bits, for the tails.
DEVICE void normal_numbers(unsigned int a, unsigned int b, float& x, float& y) {
    const float radius = sqrtf(-2 * logf(((float) a + 0.5f) * 0x1p-32f)), angle = 6.2831853f * uniform_number(b);
    x = radius * cosf(angle);
    y = radius * sinf(angle);
}

// The whole grid over fours: body(place of the first number, its counter's bits).
template <class Body>
DEVICE void over_fours(const unsigned long long* state, long long count, Body body) {
    const unsigned long long seed = state[0], offset = state[1];
    const long long threads = (long long) gridDim.x * blockDim.x;
    for (long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x; 4 * i < count; i += threads) {
        body(4 * i, philox((unsigned long long) i, offset, seed));
    }
}

// The bits themselves. state [2]: seed and offset; one launch uses one offset.
KERNEL(256) random_bits(const unsigned long long* __restrict__ state, unsigned int* __restrict__ y, long long count) {
    over_fours(state, count, [=](long long i, Four bits) {
        for (int j = 0; j < 4 && i + j < count; j++) {
            y[i + j] = bits.v[j];
        }
    });
}

// Uniform in (0, 1).
KERNEL(256) random_uniform(const unsigned long long* __restrict__ state, T* __restrict__ y, long long count) {
    over_fours(state, count, [=](long long i, Four bits) {
        for (int j = 0; j < 4 && i + j < count; j++) {
            narrow(uniform_number(bits.v[j]), y[i + j]);
        }
    });
}

// Normal with mean 0 and this deviation.
KERNEL(256) random_normal(const unsigned long long* __restrict__ state, float deviation, T* __restrict__ y,
        long long count) {
    over_fours(state, count, [=](long long i, Four bits) {
        float v[4];
        normal_numbers(bits.v[0], bits.v[1], v[0], v[1]);
        normal_numbers(bits.v[2], bits.v[3], v[2], v[3]);
        for (int j = 0; j < 4 && i + j < count; j++) {
            narrow(deviation * v[j], y[i + j]);
        }
    });
}

// After everything that drew from the state: the next offset.
KERNEL(32) next_offset(unsigned long long* state) {
    if (threadIdx.x == 0) {
        state[1]++;
    }
}

// Products of matrices, convolutions and attention for the CPU, as cuBLASLt and cuDNN would do them: sums are float32, every
// result is rounded once. Called with addresses of this process; whoever calls has checked them.
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <vector>

#if defined(__x86_64__)
#define FOR_THIS_MACHINE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_THIS_MACHINE
#endif

typedef long long Index;
enum Type { FLOAT32, BFLOAT16, FLOAT16 };

static const int bytes[] = {4, 2, 2};

static float from_half(uint16_t h) {
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
            : exponent == 0 ? ldexpf((float) fraction, -24) : ldexpf((float) (fraction + 1024), exponent - 25);
    return h >> 15 ? -size : size;
}

static uint16_t to_half(float x) {
    uint16_t sign = signbit(x) ? 0x8000 : 0;
    float size = fabsf(x);
    if (x != x) {
        return 0x7fff;
    }
    if (size >= 65520) {
        return sign | 0x7c00;
    }
    int exponent = size < 6.103515625e-05f ? -14 : ilogbf(size);
    return sign | (uint16_t) ((int) rintf(ldexpf(size, 10 - exponent)) + ((exponent + 14) << 10));
}

static float load(const void* p, Index i, int type) {
    if (type == FLOAT32) {
        return ((const float*) p)[i];
    }
    uint16_t bits = ((const uint16_t*) p)[i];
    if (type == FLOAT16) {
        return from_half(bits);
    }
    uint32_t word = (uint32_t) bits << 16;
    float x;
    memcpy(&x, &word, 4);
    return x;
}

static void store(void* p, Index i, int type, float x) {
    if (type == FLOAT32) {
        ((float*) p)[i] = x;
    } else if (type == FLOAT16) {
        ((uint16_t*) p)[i] = to_half(x);
    } else {
        uint32_t word;
        memcpy(&word, &x, 4);
        ((uint16_t*) p)[i] = x != x ? 0x7fff : (uint16_t) ((word + 0x7fff + (word >> 16 & 1)) >> 16);
    }
}

// What TF32 keeps of a number: 10 bits of its mantissa.
static float tf32(float x) {
    uint32_t word;
    memcpy(&word, &x, 4);
    word = (word + 0xfff + (word >> 13 & 1)) & 0xffffe000;
    memcpy(&x, &word, 4);
    return x;
}

// c[m, n] += a[m, k] · b[k, n]
FOR_THIS_MACHINE
static void multiply(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    const Index width = 256, four = k / 4 * 4;
    for (Index j = 0; j < n; j += width) {
        Index columns = n - j < width ? n - j : width;
        for (Index l = 0; l < four; l += 4) {
            const float* b0 = b + l * n + j;
            const float* b1 = b0 + n;
            const float* b2 = b1 + n;
            const float* b3 = b2 + n;
            for (Index i = 0; i < m; i++) {
                const float* f = a + i * k + l;
                float f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3];
                float* __restrict sums = c + i * n + j;
                for (Index x = 0; x < columns; x++) {
                    sums[x] += f0 * b0[x] + f1 * b1[x] + f2 * b2[x] + f3 * b3[x];
                }
            }
        }
        for (Index l = four; l < k; l++) {
            const float* row = b + l * n + j;
            for (Index i = 0; i < m; i++) {
                float* __restrict sums = c + i * n + j;
                for (Index x = 0; x < columns; x++) {
                    sums[x] += a[i * k + l] * row[x];
                }
            }
        }
    }
}

static std::vector<float> matrix(const void* p, Index rows, Index columns, Index row, Index column, int type,
                                 bool round) {
    std::vector<float> all(rows * columns);
    for (Index i = 0; i < rows; i++) {
        for (Index j = 0; j < columns; j++) {
            float x = load(p, i * row + j * column, type);
            all[i * columns + j] = round ? tf32(x) : x;
        }
    }
    return all;
}

static float gelu(float x) {
    return x / 2 * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}

// op(a)[i, l] is at i * aRow + l * aColumn, op(b) likewise; bits of the epilogue: 1 bias, 2 tanh-GELU, 4 the sums of
// op(a) are stored where the bias would be.
extern "C" void shim_product(Index m, Index n, Index k, const void* a, Index aRow, Index aColumn, const void* b,
                             Index bRow, Index bColumn, int type, int round, void* out, Index outRow, int outType,
                             const void* residual, void* bias, int epilogue) {
    std::vector<float> left = matrix(a, m, k, aRow, aColumn, type, round);
    std::vector<float> right = matrix(b, k, n, bRow, bColumn, type, round);
    std::vector<float> sums(m * n);
    multiply(m, n, k, left.data(), right.data(), sums.data());
    for (Index i = 0; i < m; i++) {
        for (Index j = 0; j < n; j++) {
            float x = sums[i * n + j];
            x += residual ? load(residual, i * outRow + j, outType) : 0;
            x += epilogue & 1 ? load(bias, j, outType) : 0;
            store(out, i * outRow + j, outType, epilogue & 2 ? gelu(x) : x);
        }
    }
    for (Index i = 0; i < m && (epilogue & 4); i++) {
        float sum = 0;
        for (Index l = 0; l < k; l++) {
            sum += left[i * k + l];
        }
        store(bias, i, outType, sum);
    }
}

// ---- convolutions: products with the patches of the input, [pixels, rows · columns · inputs]

struct Sizes {
    Index batch, inputs, height, width, outputs, outHeight, outWidth;
    struct { Index kernel, stride, before; } rows, columns;
    Index patch() const { return rows.kernel * columns.kernel * inputs; }
    Index pixels() const { return batch * outHeight * outWidth; }
    // How many pixels' patches are held at a time.
    Index chunk() const { return 1 + (4 << 20) / patch(); }
};

// body(where in the patch, where in the input) for each place of each patch of pixels `from` to `to` in the input.
template <class Body>
static void patches(const Sizes& s, Index from, Index to, Body body) {
    for (Index p = from; p < to; p++) {
        Index image = p / (s.outHeight * s.outWidth), y = p / s.outWidth % s.outHeight, x = p % s.outWidth;
        for (Index ky = 0; ky < s.rows.kernel; ky++) {
            for (Index kx = 0; kx < s.columns.kernel; kx++) {
                Index row = y * s.rows.stride + ky - s.rows.before;
                Index column = x * s.columns.stride + kx - s.columns.before;
                if (row >= 0 && row < s.height && column >= 0 && column < s.width) {
                    body((p - from) * s.patch() + (ky * s.columns.kernel + kx) * s.inputs,
                            ((image * s.height + row) * s.width + column) * s.inputs);
                }
            }
        }
    }
}

static std::vector<float> gather(const Sizes& s, const std::vector<float>& input, Index from, Index to) {
    std::vector<float> patch((to - from) * s.patch());
    patches(s, from, to, [&](Index at, Index place) {
        memcpy(&patch[at], &input[place], s.inputs * sizeof(float));
    });
    return patch;
}

static std::vector<float> tensor(const void* p, Index count, int type) { return matrix(p, 1, count, 0, 1, type, false); }

// silu(sums + bias + sampleBias) + residual; what is not wanted is null
static void forward(const Sizes& s, int type, const void* x, const void* w, void* y, const void* bias,
                    const void* sampleBias, int silu, const void* residual) {
    std::vector<float> input = tensor(x, s.batch * s.height * s.width * s.inputs, type);
    std::vector<float> weights = matrix(w, s.patch(), s.outputs, 1, s.patch(), type, false);
    for (Index p = 0; p < s.pixels(); p += s.chunk()) {
        Index end = p + s.chunk() < s.pixels() ? p + s.chunk() : s.pixels();
        std::vector<float> patch = gather(s, input, p, end), sums((end - p) * s.outputs);
        multiply(end - p, s.outputs, s.patch(), patch.data(), weights.data(), sums.data());
        for (Index i = p * s.outputs; i < end * s.outputs; i++) {
            float sum = sums[i - p * s.outputs];
            Index o = i % s.outputs, image = i / (s.outHeight * s.outWidth * s.outputs);
            sum += bias ? load(bias, o, type) : 0;
            sum += sampleBias ? load(sampleBias, image * s.outputs + o, type) : 0;
            sum = silu ? sum / (1 + expf(-sum)) : sum;
            store(y, i, type, sum + (residual ? load(residual, i, type) : 0));
        }
    }
}

static void input_gradient(const Sizes& s, int type, void* x, const void* w, const void* y) {
    std::vector<float> output = tensor(y, s.pixels() * s.outputs, type);
    std::vector<float> weights = tensor(w, s.outputs * s.patch(), type);
    std::vector<float> sums(s.batch * s.height * s.width * s.inputs);
    for (Index p = 0; p < s.pixels(); p += s.chunk()) {
        Index end = p + s.chunk() < s.pixels() ? p + s.chunk() : s.pixels();
        std::vector<float> patch((end - p) * s.patch());
        multiply(end - p, s.patch(), s.outputs, &output[p * s.outputs], weights.data(), patch.data());
        patches(s, p, end, [&](Index at, Index place) {
            for (Index i = 0; i < s.inputs; i++) {
                sums[place + i] += patch[at + i];
            }
        });
    }
    for (size_t i = 0; i < sums.size(); i++) {
        store(x, (Index) i, type, sums[i]);
    }
}

static void weight_gradient(const Sizes& s, int type, const void* x, void* w, const void* y) {
    std::vector<float> input = tensor(x, s.batch * s.height * s.width * s.inputs, type);
    std::vector<float> sums(s.outputs * s.patch());
    for (Index p = 0; p < s.pixels(); p += s.chunk()) {
        Index end = p + s.chunk() < s.pixels() ? p + s.chunk() : s.pixels();
        std::vector<float> patch = gather(s, input, p, end);
        std::vector<float> output = matrix((const char*) y + p * s.outputs * bytes[type], s.outputs, end - p, 1,
                s.outputs, type, false);
        multiply(s.outputs, s.patch(), end - p, output.data(), patch.data(), sums.data());
    }
    for (size_t i = 0; i < sums.size(); i++) {
        store(w, (Index) i, type, sums[i]);
    }
}

// sizes: those of Sizes, in order; work: 0 forward, 1 the input's gradient, 2 the weights' gradient
extern "C" void shim_convolution(int work, const Index* sizes, int type, void* x, void* w, void* y, const void* bias,
                                 const void* sampleBias, int silu, const void* residual) {
    Sizes s;
    memcpy(&s, sizes, sizeof s);
    if (work == 0) {
        forward(s, type, x, w, y, bias, sampleBias, silu, residual);
    } else if (work == 1) {
        input_gradient(s, type, x, w, y);
    } else {
        weight_gradient(s, type, x, w, y);
    }
}

// ---- attention, one head after the other; probabilities are rounded to the type as tensor cores need them

struct Heads {
    Index batch, heads, queries, keys, size, q, k, v, output, outputGradient;
};

struct Tensors {
    void *q, *k, *v, *output;
    float* statistics;
    void *outputGradient, *qGradient, *kGradient, *vGradient;
};

// [rows, size] of one head of one sample, or its transpose
static std::vector<float> head(const void* p, const Heads& h, Index sample, Index head, Index rows, Index stride, int type,
                               bool transposed) {
    const char* first = (const char*) p + (sample * rows * stride + head * h.size) * bytes[type];
    return transposed ? matrix(first, h.size, rows, 1, stride, type, false)
            : matrix(first, rows, h.size, stride, 1, type, false);
}

static void put(void* p, const Heads& h, Index sample, Index head, Index rows, Index stride, int type,
                const std::vector<float>& numbers) {
    for (Index i = 0; i < rows * h.size; i++) {
        store(p, (sample * rows + i / h.size) * stride + head * h.size + i % h.size, type, numbers[i]);
    }
}

static std::vector<float> product(Index m, Index n, Index k, const std::vector<float>& a, const std::vector<float>& b) {
    std::vector<float> c(m * n);
    multiply(m, n, k, a.data(), b.data(), c.data());
    return c;
}

static std::vector<float> transpose(const std::vector<float>& a, Index rows, Index columns) {
    return matrix(a.data(), columns, rows, 1, columns, FLOAT32, false);
}

static float rounded(float x, int type) {
    char place[4];
    store(place, 0, type, x);
    return load(place, 0, type);
}

static void attend(const Heads& h, int type, float scale, const Tensors& t, Index sample, Index i) {
    std::vector<float> q = head(t.q, h, sample, i, h.queries, h.q, type, false);
    std::vector<float> scores = product(h.queries, h.keys, h.size, q, head(t.k, h, sample, i, h.keys, h.k, type, true));
    for (Index row = 0; row < h.queries; row++) {
        float* s = &scores[row * h.keys];
        float most = -INFINITY, sum = 0;
        for (Index j = 0; j < h.keys; j++) {
            most = fmaxf(most, s[j] *= scale);
        }
        for (Index j = 0; j < h.keys; j++) {
            sum += expf(s[j] - most);
        }
        float statistic = most + logf(sum);
        if (t.statistics) {
            t.statistics[(sample * h.heads + i) * h.queries + row] = statistic;
        }
        for (Index j = 0; j < h.keys; j++) {
            s[j] = rounded(expf(s[j] - statistic), type);
        }
    }
    put(t.output, h, sample, i, h.queries, h.output, type, product(h.queries, h.size, h.keys, scores,
            head(t.v, h, sample, i, h.keys, h.v, type, false)));
}

static void attend_gradient(const Heads& h, int type, float scale, const Tensors& t, Index sample, Index i) {
    Index row = h.heads * h.size;
    std::vector<float> q = head(t.q, h, sample, i, h.queries, h.q, type, false);
    std::vector<float> p = product(h.queries, h.keys, h.size, q, head(t.k, h, sample, i, h.keys, h.k, type, true));
    std::vector<float> output = head(t.output, h, sample, i, h.queries, h.output, type, false);
    std::vector<float> dy = head(t.outputGradient, h, sample, i, h.queries, h.outputGradient, type, false);
    std::vector<float> ds = product(h.queries, h.keys, h.size, dy, head(t.v, h, sample, i, h.keys, h.v, type, true));
    for (Index y = 0; y < h.queries; y++) {
        float sum = 0, statistic = t.statistics[(sample * h.heads + i) * h.queries + y];
        for (Index x = 0; x < h.size; x++) {
            sum += output[y * h.size + x] * dy[y * h.size + x];
        }
        for (Index j = y * h.keys; j < (y + 1) * h.keys; j++) {
            float probability = expf(p[j] * scale - statistic);
            p[j] = rounded(probability, type);
            ds[j] = rounded(probability * (ds[j] - sum) * scale, type);
        }
    }
    put(t.vGradient, h, sample, i, h.keys, row, type,
            product(h.keys, h.size, h.queries, transpose(p, h.queries, h.keys), dy));
    put(t.kGradient, h, sample, i, h.keys, row, type,
            product(h.keys, h.size, h.queries, transpose(ds, h.queries, h.keys), q));
    put(t.qGradient, h, sample, i, h.queries, row, type, product(h.queries, h.size, h.keys, ds,
            head(t.k, h, sample, i, h.keys, h.k, type, false)));
}

// sizes: those of Heads; tensors: those of Tensors, null if not there
extern "C" void shim_attention(const Index* sizes, int type, float scale, int gradient, void* const* tensors) {
    Heads h;
    Tensors t;
    memcpy(&h, sizes, sizeof h);
    memcpy(&t, tensors, sizeof t);
    for (Index i = 0; i < h.batch * h.heads; i++) {
        (gradient ? attend_gradient : attend)(h, type, scale, t, i / h.heads, i % h.heads);
    }
}

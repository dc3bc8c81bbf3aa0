// Group normalisation of NHWC images and an activation, and its gradient; with one channel a group and one sample,
// batch normalisation. Weights, biases, their gradients and all statistics are float.
//
// Sums over pixels go in two steps, neither of which uses atomics: each block sums up a chunk of pixels, then whoever
// needs the sum adds up the chunks, in order. `wide`: the addresses and the number of channels allow accesses of 16
// bytes.
//
//   forward:  group_norm_partials -> group_norm
//   backward: group_norm_partials -> group_norm_moments -> group_norm_gradient_partials -> group_norm_gradient_sums
//             -> group_norm_gradient_parameters, group_norm_gradient

#ifndef ACTIVATION // one of activations.cuh
#define ACTIVATION NONE
#endif
#define THREADS 512

// A block's threads over the packs of channels and the pixels of a chunk: body(Width<W>(), channel, first pixel, step,
// row) for each pack; `row` counts the threads that share a pack.
template <int W, class Body>
DEVICE void over_pixels(int from, int channels, Body body) {
    const int packs = channels / W, thread = threadIdx.x;
    if (packs <= (int) blockDim.x) {
        const int rows = blockDim.x / packs, row = thread / packs;
        if (row < rows) {
            body(Width<W>(), (thread - row * packs) * W, from + row, rows, row);
        }
    } else {
        for (int pack = thread; pack < packs; pack += blockDim.x) {
            body(Width<W>(), pack * W, from, 1, 0);
        }
    }
}

// Threads that share a pack of channels.
DEVICE int pixel_rows(int channels, int wide) {
    return max(1, (int) blockDim.x / (wide ? channels / Lanes<T>::value : channels));
}

template <class Body>
DEVICE void over_pixels(int from, int channels, int wide, Body body) {
    if (wide) {
        over_pixels<Lanes<T>::value>(from, channels, body);
    } else {
        over_pixels<1>(from, channels, body);
    }
}

// Grid (chunks, batch). Sums of x - pivot and of their squares over a chunk of pixels and the channels of a group; the
// pivot is the group's first number in the sample, so that a large mean harms nothing.
// partials [batch, chunks, groups, 2] and then the pivots [batch, groups], because the result may overwrite x; shared
// memory: 2 · pixel_rows · channels floats.
KERNEL(THREADS) group_norm_partials(const T* __restrict__ x, float* __restrict__ partials, int pixels, int channels,
        int groups, int wide) {
    DYNAMIC_SHARED(float, sums);
    const int size = channels / groups, chunk = (pixels + gridDim.x - 1) / gridDim.x;
    const int from = min(pixels, (int) blockIdx.x * chunk), to = min(pixels, from + chunk);
    const T* image = x + (long long) blockIdx.y * pixels * channels;
    over_pixels(from, channels, wide, [=](auto width, int channel, int first, int step, int row) {
        constexpr int W = width.value;
        float pivot[W], sum[W], square[W];
#pragma unroll
        for (int j = 0; j < W; j++) {
            pivot[j] = to_float(image[(channel + j) / size * size]);
            sum[j] = square[j] = 0;
        }
#pragma unroll 4
        for (int p = first; p < to; p += step) {
            float v[W];
            load(image + (long long) p * channels + channel, v);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] -= pivot[j];
                sum[j] += v[j];
                square[j] += v[j] * v[j];
            }
        }
#pragma unroll
        for (int j = 0; j < W; j++) {
            sums[2 * (row * channels + channel + j)] = sum[j];
            sums[2 * (row * channels + channel + j) + 1] = square[j];
        }
    });
    __syncthreads();
    const int rows = pixel_rows(channels, wide);
    float* out = partials + 2ll * (blockIdx.y * gridDim.x + blockIdx.x) * groups;
    for (int group = threadIdx.x / 32; group < groups; group += blockDim.x / 32) {
        float sum = 0, square = 0;
        for (int i = threadIdx.x % 32; i < rows * size; i += 32) {
            const int place = i / size * channels + group * size + i % size;
            sum += sums[2 * place];
            square += sums[2 * place + 1];
        }
        sum = warp_sum(sum);
        square = warp_sum(square);
        if (threadIdx.x % 32 == 0) {
            out[2 * group] = sum;
            out[2 * group + 1] = square;
            if (blockIdx.x == 0) {
                partials[2ll * gridDim.y * gridDim.x * groups + blockIdx.y * groups + group] =
                        to_float(image[group * size]);
            }
        }
    }
}

struct Moments { float mean, variance; };

// Of one group of a sample, computed by a warp from the partial sums.
DEVICE Moments moments(const float* partials, long long sample, int batch, int chunks, float count, int groups,
        int group) {
    const float pivot = partials[2ll * batch * chunks * groups + sample * groups + group];
    partials += 2 * sample * chunks * groups;
    float sum = 0, square = 0;
    for (int i = threadIdx.x % 32; i < chunks; i += 32) {
        sum += partials[2 * (i * groups + group)];
        square += partials[2 * (i * groups + group) + 1];
    }
    const float mean = warp_sum(sum) / count;
    return Moments{pivot + mean, fmaxf(warp_sum(square) / count - mean * mean, 0)};
}

// y = activation((x - mean) / √(variance + ε) · weight + bias). Grid (any, batch). If chunks is 0, `partials` are the
// means and 1 / √(variance + ε) themselves, [batch, groups, 2]. Shared memory: 2 · groups floats.
KERNEL(THREADS) group_norm(const T* x, const float* __restrict__ partials, const float* __restrict__ weight,
        const float* __restrict__ bias, T* y, int pixels, int channels, int groups, int chunks, float epsilon,
        int wide) {
    DYNAMIC_SHARED(float, known);
    const int size = channels / groups, chunk = (pixels + gridDim.x - 1) / gridDim.x;
    const int from = min(pixels, (int) blockIdx.x * chunk), to = min(pixels, from + chunk);
    const long long image = (long long) blockIdx.y * pixels * channels;
    if (chunks > 0) {
        for (int group = threadIdx.x / 32; group < groups; group += blockDim.x / 32) {
            const Moments m = moments(partials, blockIdx.y, gridDim.y, chunks, (float) pixels * size, groups, group);
            if (threadIdx.x % 32 == 0) {
                known[2 * group] = m.mean;
                known[2 * group + 1] = 1 / sqrtf(m.variance + epsilon);
            }
        }
    } else {
        for (int i = threadIdx.x; i < 2 * groups; i += blockDim.x) {
            known[i] = partials[2ll * blockIdx.y * groups + i];
        }
    }
    __syncthreads();
    over_pixels(from, channels, wide, [=](auto width, int channel, int first, int step, int) {
        constexpr int W = width.value;
        float mean[W], scale[W], shift[W];
        load(weight + channel, scale);
        load(bias + channel, shift);
#pragma unroll
        for (int j = 0; j < W; j++) {
            mean[j] = known[2 * ((channel + j) / size)];
            scale[j] *= known[2 * ((channel + j) / size) + 1];
        }
#pragma unroll 2
        for (int p = first; p < to; p += step) {
            float v[W];
            load(x + image + (long long) p * channels + channel, v);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = activated(ACTIVATION, (v[j] - mean[j]) * scale[j] + shift[j]);
            }
            store(y + image + (long long) p * channels + channel, v);
        }
    });
}

// Mean and 1 / √(variance + ε) of each group, [batch, groups, 2]; if they are not null, also the means and the
// variances divided by one less than their count, as running statistics collect them. Grid (batch), any number of whole
// warps.
KERNEL(THREADS) group_norm_moments(const float* __restrict__ partials, float* known, float* means, float* variances,
        int pixels, int channels, int groups, int chunks, float epsilon) {
    const int size = channels / groups;
    const long long sample = blockIdx.x;
    for (int group = threadIdx.x / 32; group < groups; group += blockDim.x / 32) {
        const float count = (float) pixels * size;
        const Moments m = moments(partials, sample, gridDim.x, chunks, count, groups, group);
        if (threadIdx.x % 32 == 0) {
            const long long place = sample * groups + group;
            if (known != nullptr) {
                known[2 * place] = m.mean;
                known[2 * place + 1] = 1 / sqrtf(m.variance + epsilon);
            }
            if (means != nullptr) {
                means[place] = m.mean;
                variances[place] = m.variance * (count / (count - 1));
            }
        }
    }
}

// From given means and variances: mean and 1 / √(variance + ε), [channels, 2].
KERNEL(THREADS) given_moments(const float* mean, const float* variance, float* known, int channels, float epsilon) {
    for (int c = blockIdx.x * blockDim.x + threadIdx.x; c < channels; c += gridDim.x * blockDim.x) {
        known[2 * c] = mean[c];
        known[2 * c + 1] = 1 / sqrtf(variance[c] + epsilon);
    }
}

// Grid (chunks, batch). For each channel the sums over a chunk of pixels of g and of g · x̂, where g is dy behind the
// activation. partials [batch, chunks, channels, 2]; shared memory: 2 · pixel_rows · channels floats.
KERNEL(THREADS) group_norm_gradient_partials(const T* __restrict__ x, const float* __restrict__ known,
        const float* __restrict__ weight, const float* __restrict__ bias, const T* __restrict__ dy,
        float* __restrict__ partials, int pixels, int channels, int groups, int wide) {
    DYNAMIC_SHARED(float, sums);
    const int size = channels / groups, chunk = (pixels + gridDim.x - 1) / gridDim.x;
    const int from = min(pixels, (int) blockIdx.x * chunk), to = min(pixels, from + chunk);
    const long long image = (long long) blockIdx.y * pixels * channels;
    const float* of = known + 2ll * blockIdx.y * groups;
    over_pixels(from, channels, wide, [=](auto width, int channel, int first, int step, int row) {
        constexpr int W = width.value;
        float mean[W], deviation[W], scale[W], shift[W], sum[W], product[W];
        load(weight + channel, scale);
        load(bias + channel, shift);
#pragma unroll
        for (int j = 0; j < W; j++) {
            mean[j] = of[2 * ((channel + j) / size)];
            deviation[j] = of[2 * ((channel + j) / size) + 1];
            sum[j] = product[j] = 0;
        }
#pragma unroll 2
        for (int p = first; p < to; p += step) {
            const long long at = image + (long long) p * channels + channel;
            float v[W], d[W];
            load(x + at, v);
            load(dy + at, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = (v[j] - mean[j]) * deviation[j];
                d[j] *= derivative(ACTIVATION, v[j] * scale[j] + shift[j]);
                sum[j] += d[j];
                product[j] += d[j] * v[j];
            }
        }
#pragma unroll
        for (int j = 0; j < W; j++) {
            sums[2 * (row * channels + channel + j)] = sum[j];
            sums[2 * (row * channels + channel + j) + 1] = product[j];
        }
    });
    __syncthreads();
    const int rows = pixel_rows(channels, wide);
    float* out = partials + 2ll * (blockIdx.y * gridDim.x + blockIdx.x) * channels;
    for (int i = threadIdx.x; i < 2 * channels; i += blockDim.x) {
        float sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += sums[2 * row * channels + i];
        }
        out[i] = sum;
    }
}

// Grid (groups, batch). Adds up the chunks: for each channel into sums [batch, channels, 2], and weighted over the
// channels of a group into means [batch, groups, 2], divided by their count.
KERNEL(THREADS) group_norm_gradient_sums(const float* __restrict__ partials, const float* __restrict__ weight,
        float* __restrict__ sums, float* __restrict__ means, int pixels, int channels, int groups, int chunks) {
    __shared__ float scratch[64];
    const int size = channels / groups, group = blockIdx.x;
    const long long sample = blockIdx.y;
    float all = 0, products = 0; // of this warp's channels
    for (int c = group * size + threadIdx.x / 32; c < (group + 1) * size; c += blockDim.x / 32) {
        float sum = 0, product = 0;
        for (int i = threadIdx.x % 32; i < chunks; i += 32) {
            const float* at = partials + 2 * ((sample * chunks + i) * channels + c);
            sum += at[0];
            product += at[1];
        }
        sum = warp_sum(sum);
        product = warp_sum(product);
        if (threadIdx.x % 32 == 0) {
            sums[2 * (sample * channels + c)] = sum;
            sums[2 * (sample * channels + c) + 1] = product;
        }
        all += sum * weight[c];
        products += product * weight[c];
    }
    if (threadIdx.x % 32 == 0) {
        scratch[threadIdx.x / 32] = all;
        scratch[32 + threadIdx.x / 32] = products;
    }
    __syncthreads();
    if (threadIdx.x < 2) {
        float sum = 0;
        for (int i = 0; i < (int) blockDim.x / 32; i++) {
            sum += scratch[32 * threadIdx.x + i];
        }
        means[2 * (sample * groups + group) + threadIdx.x] = sum / ((float) pixels * size);
    }
}

// The gradients of weight and bias: sums over the samples.
KERNEL(THREADS) group_norm_gradient_parameters(const float* __restrict__ sums, float* __restrict__ d_weight,
        float* __restrict__ d_bias, int batch, int channels) {
    for (int c = blockIdx.x * blockDim.x + threadIdx.x; c < channels; c += gridDim.x * blockDim.x) {
        float bias = 0, weight = 0;
        for (int n = 0; n < batch; n++) {
            bias += sums[2 * ((long long) n * channels + c)];
            weight += sums[2 * ((long long) n * channels + c) + 1];
        }
        d_weight[c] = weight;
        d_bias[c] = bias;
    }
}

// dx = (g · weight - mean(g · weight) - x̂ · mean(g · weight · x̂)) / √(variance + ε). Grid (any, batch). `means` null:
// the statistics do not depend on x, and both means are 0. dx may be dy's memory.
KERNEL(THREADS) group_norm_gradient(const T* __restrict__ x, const float* __restrict__ known,
        const float* __restrict__ weight, const float* __restrict__ bias, const float* __restrict__ means, const T* dy,
        T* dx, int pixels, int channels, int groups, int wide) {
    const int size = channels / groups, chunk = (pixels + gridDim.x - 1) / gridDim.x;
    const int from = min(pixels, (int) blockIdx.x * chunk), to = min(pixels, from + chunk);
    const long long image = (long long) blockIdx.y * pixels * channels, sample = 2ll * blockIdx.y * groups;
    over_pixels(from, channels, wide, [=](auto width, int channel, int first, int step, int) {
        constexpr int W = width.value;
        float mean[W], deviation[W], scale[W], shift[W], all[W], products[W];
        load(weight + channel, scale);
        load(bias + channel, shift);
#pragma unroll
        for (int j = 0; j < W; j++) {
            const long long at = sample + 2 * ((channel + j) / size);
            mean[j] = known[at];
            deviation[j] = known[at + 1];
            all[j] = means == nullptr ? 0 : means[at];
            products[j] = means == nullptr ? 0 : means[at + 1];
        }
        for (int p = first; p < to; p += step) {
            const long long at = image + (long long) p * channels + channel;
            float v[W], d[W];
            load(x + at, v);
            load(dy + at, d);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v[j] = (v[j] - mean[j]) * deviation[j];
                d[j] *= derivative(ACTIVATION, v[j] * scale[j] + shift[j]) * scale[j];
                d[j] = (d[j] - all[j] - v[j] * products[j]) * deviation[j];
            }
            store(dx + at, d);
        }
    });
}

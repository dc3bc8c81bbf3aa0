// NHWC images of another size: nearest neighbours, means over windows, interpolation, and all their gradients are
// weighted sums over neighbouring rows times weighted sums over neighbouring columns. Tables say which and how much:
// `first` source row of each row of the result, and `taps` weights from there on.

KERNEL(256) resample(const T* __restrict__ x, T* __restrict__ y, const int* __restrict__ first_rows,
        const float* __restrict__ row_weights, int row_taps, const int* __restrict__ first_columns,
        const float* __restrict__ column_weights, int column_taps, int batch, int height, int width, int channels,
        int out_height, int out_width, int wide) {
    const long long count = (long long) batch * out_height * out_width * channels;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto pack) {
        constexpr int W = pack.value;
        const long long pixel = quotient(i, channels, count), line = quotient(pixel, out_width, count);
        const long long n = quotient(line, out_height, count);
        const int channel = (int) (i - pixel * channels), column = (int) (pixel - line * out_width);
        const int row = (int) (line - n * out_height);
        float sum[W] = {};
        for (int r = 0; r < row_taps; r++) {
            const float row_weight = row_weights[row * row_taps + r];
            if (row_weight == 0) { // so are those that fill a line of the table
                continue;
            }
            const long long source = (n * height + first_rows[row] + r) * width + first_columns[column];
            for (int c = 0; c < column_taps; c++) {
                const float weight = row_weight * column_weights[column * column_taps + c];
                if (weight != 0) {
                    float v[W];
                    load(x + (source + c) * channels + channel, v);
#pragma unroll
                    for (int j = 0; j < W; j++) {
                        sum[j] += weight * v[j];
                    }
                }
            }
        }
        store(y + i, sum);
    });
}

// Twice as many rows and columns, each pixel four times.
KERNEL(256) upsample(const T* __restrict__ x, T* __restrict__ y, int batch, int height, int width, int channels,
        int wide) {
    const long long count = (long long) batch * height * width * channels, line = 2ll * width * channels;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto pack) {
        constexpr int W = pack.value;
        const long long pixel = quotient(i, channels, count), row = quotient(pixel, width, count);
        const long long to = 2 * row * line + 2 * (pixel - row * width) * channels + (i - pixel * channels);
        float v[W];
        load(x + i, v);
        store(y + to, v);
        store(y + to + channels, v);
        store(y + to + line, v);
        store(y + to + line + channels, v);
    });
}

// dx [batch, height, width, channels] from dy of twice the size.
KERNEL(256) upsample_gradient(const T* __restrict__ dy, T* __restrict__ dx, int batch, int height, int width,
        int channels, int wide) {
    const long long count = (long long) batch * height * width * channels, line = 2ll * width * channels;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto pack) {
        constexpr int W = pack.value;
        const long long pixel = quotient(i, channels, count), row = quotient(pixel, width, count);
        const long long from = 2 * row * line + 2 * (pixel - row * width) * channels + (i - pixel * channels);
        float a[W], b[W], c[W], d[W];
        load(dy + from, a);
        load(dy + from + channels, b);
        load(dy + from + line, c);
        load(dy + from + line + channels, d);
#pragma unroll
        for (int j = 0; j < W; j++) {
            a[j] = (a[j] + b[j]) + (c[j] + d[j]);
        }
        store(dx + i, a);
    });
}

struct Window { int height, width, stride_height, stride_width, pad_height, pad_width; };

// The place of the largest number of a window, as row · width + column of the image; the first one of equals, NaN
// before all.
DEVICE int largest(const T* image, int height, int width, int channels, int channel, int row, int column, Window w,
        float& best) {
    int place = -1;
    best = -INFINITY_F;
    const int top = row * w.stride_height - w.pad_height, left = column * w.stride_width - w.pad_width;
    for (int h = max(0, top); h < min(height, top + w.height); h++) {
        for (int c = max(0, left); c < min(width, left + w.width); c++) {
            const float v = to_float(image[((long long) h * width + c) * channels + channel]);
            if (place < 0 || v > best || v != v) {
                best = v;
                place = h * width + c;
            }
        }
    }
    return place;
}

// The maximum over windows; padding counts as -∞.
KERNEL(256) max_pool(const T* __restrict__ x, T* __restrict__ y, int batch, int height, int width, int channels,
        int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width,
        int out_height, int out_width) {
    const Window w = {kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width};
    const long long count = (long long) batch * out_height * out_width * channels;
    for_each<1>(count, false, [=](long long i, auto) {
        const long long pixel = quotient(i, channels, count), line = quotient(pixel, out_width, count);
        const long long n = quotient(line, out_height, count);
        float best;
        largest(x + n * height * width * channels, height, width, channels, (int) (i - pixel * channels),
                (int) (line - n * out_height), (int) (pixel - line * out_width), w, best);
        narrow(best, y[i]);
    });
}

// Each pixel collects the gradients of the windows it is the largest number of.
KERNEL(256) max_pool_gradient(const T* __restrict__ x, const T* __restrict__ dy, T* __restrict__ dx, int batch,
        int height, int width, int channels, int kernel_height, int kernel_width, int stride_height, int stride_width,
        int pad_height, int pad_width, int out_height, int out_width) {
    const Window w = {kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width};
    const long long count = (long long) batch * height * width * channels;
    for_each<1>(count, false, [=](long long i, auto) {
        const long long pixel = quotient(i, channels, count), line = quotient(pixel, width, count);
        const long long n = quotient(line, height, count);
        const int channel = (int) (i - pixel * channels);
        const int h = (int) (line - n * height), c = (int) (pixel - line * width);
        const int first_row = max(0, h + pad_height - kernel_height + stride_height) / stride_height;
        const int first_column = max(0, c + pad_width - kernel_width + stride_width) / stride_width;
        float sum = 0;
        for (int row = first_row; row <= min(out_height - 1, (h + pad_height) / stride_height); row++) {
            for (int column = first_column; column <= min(out_width - 1, (c + pad_width) / stride_width); column++) {
                float best;
                if (largest(x + n * height * width * channels, height, width, channels, channel, row, column, w, best)
                        == h * width + c) {
                    sum += to_float(dy[((n * out_height + row) * out_width + column) * channels + channel]);
                }
            }
        }
        narrow(sum, dx[i]);
    });
}

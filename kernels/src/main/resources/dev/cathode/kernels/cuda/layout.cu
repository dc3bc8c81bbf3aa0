// Moving numbers. What is moved has the size of T; `wide` as elsewhere.

// Batches of matrices [rows, columns] to [columns, rows]: NHWC to NCHW and back, a square tile at a time.
// Grid (tiles of columns, tiles of rows, batch), blocks of 32 x 8 threads. The tile's odd width spares its banks.
KERNEL(256) transpose(const T* __restrict__ x, T* __restrict__ y, int rows, int columns) {
    __shared__ T tile[32][32 + 4 / sizeof(T)];
    const long long image = (long long) blockIdx.z * rows * columns;
    const int left = blockIdx.x * 32, top = blockIdx.y * 32;
    for (int i = threadIdx.y; i < 32; i += 8) {
        const int row = top + i, column = left + threadIdx.x;
        if (row < rows && column < columns) {
            tile[i][threadIdx.x] = x[image + (long long) row * columns + column];
        }
    }
    __syncthreads();
    for (int i = threadIdx.y; i < 32; i += 8) {
        const int row = left + i, column = top + threadIdx.x;
        if (row < columns && column < rows) {
            y[image + (long long) row * rows + column] = tile[threadIdx.x][i];
        }
    }
}

template <int W>
DEVICE void copy_pack(const T* x, T* y) {
    if constexpr (W == 1) {
        *y = *x;
    } else {
        *reinterpret_cast<Words*>(y) = *reinterpret_cast<const Words*>(x);
    }
}

// y, contiguous of shape [n0, n1, n2, n3, n4], from x with these strides; the last one is 1 if wide.
KERNEL(256) permute(const T* __restrict__ x, T* __restrict__ y, int n0, int n1, int n2, int n3, int n4, long long s0,
        long long s1, long long s2, long long s3, long long s4, int wide) {
    const long long count = (long long) n0 * n1 * n2 * n3 * n4;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        long long rest = quotient(i, n4, count), next = quotient(rest, n3, count);
        long long at = (i - rest * n4) * s4 + (rest - next * n3) * s3;
        rest = next;
        next = quotient(rest, n2, count);
        at += (rest - next * n2) * s2;
        rest = next;
        next = quotient(rest, n1, count);
        at += (rest - next * n1) * s1 + next * s0;
        copy_pack<width.value>(x + at, y + i);
    });
}

// Rows of numbers between strided memories: parts of a concatenation, slices.
KERNEL(256) copy_rows(const T* __restrict__ x, long long x_stride, T* __restrict__ y, long long y_stride,
        long long rows, int columns, int wide) {
    const long long count = rows * columns;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        const long long row = quotient(i, columns, count), column = i - row * columns;
        copy_pack<width.value>(x + row * x_stride + column, y + row * y_stride + column);
    });
}

// The gradient of a slice: rows of x from column `start` on of the `size` columns of y, zeros beside them.
KERNEL(256) place_rows(const T* __restrict__ x, T* __restrict__ y, long long rows, int columns, int start, int size,
        int wide) {
    const long long count = rows * size;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int W = width.value;
        const long long row = quotient(i, size, count);
        const int column = (int) (i - row * size) - start;
        if (column >= 0 && column < columns) {
            copy_pack<W>(x + row * columns + column, y + i);
        } else {
            float zeros[W] = {};
            store(y + i, zeros);
        }
    });
}

// Pixels spread apart, zeros between: pixel (h, w) of x [batch, height, width, channels] goes to (h · stride_height,
// w · stride_width) of y [batch, out_height, out_width, channels].
KERNEL(256) dilate(const T* __restrict__ x, T* __restrict__ y, int batch, int height, int width, int channels,
        int stride_height, int stride_width, int out_height, int out_width, int wide) {
    const long long count = (long long) batch * out_height * out_width * channels;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto pack) {
        constexpr int W = pack.value;
        const long long pixel = quotient(i, channels, count), line = quotient(pixel, out_width, count);
        const long long n = quotient(line, out_height, count);
        const int channel = (int) (i - pixel * channels), w = (int) (pixel - line * out_width);
        const int h = (int) (line - n * out_height);
        if (h % stride_height == 0 && w % stride_width == 0 && h / stride_height < height && w / stride_width < width) {
            const long long from = (n * height + h / stride_height) * width + w / stride_width;
            copy_pack<W>(x + from * channels + channel, y + i);
        } else {
            float zeros[W] = {};
            store(y + i, zeros);
        }
    });
}

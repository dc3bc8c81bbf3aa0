package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import java.util.ArrayList;
import java.util.List;

/// Kernels that move numbers of one type, bit for bit. Results overlap no operand.
public final class CudaLayout {
    private static final int MOST_AXES = 5;

    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Moves numbers of `element`; 32-bit integers move as [Element#FLOAT32].
    public CudaLayout(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("layout.cu").with(element);
    }

    /// Batches of matrices `[batch, rows, columns]` to `[batch, columns, rows]`: NHWC to NCHW with rows the pixels and
    /// columns the channels, and back the other way round.
    public void transpose(long x, long y, int batch, int rows, int columns) {
        long size = (long) rows * columns * element.bytes();
        for (int first = 0; first < batch; first += 65535) { // what a grid holds along z
            launcher.launch(new Kernel(source, "transpose"),
                    new Geometry(Math.ceilDiv(columns, 32), Math.ceilDiv(rows, 32), Math.min(65535, batch - first), 32,
                            8, 0),
                    new KernelArguments().pointer(x + first * size).pointer(y + first * size).int32(rows)
                            .int32(columns));
        }
    }

    /// `y = permute(x)`: the axes of a contiguous tensor of `shape` in the order `axes`
    /// (`y.shape[i] = shape[axes[i]]`); so heads are split from `[N, L, heads, d]` to `[N, heads, L, d]` and merged.
    ///
    /// @throws IllegalArgumentException if more than five axes are left when those that stay neighbours are merged
    public void permute(long x, int[] shape, int[] axes, long y) {
        List<long[]> merged = merged(shape, axes);
        if (merged.size() > MOST_AXES) {
            throw new IllegalArgumentException("a permutation of " + merged.size() + " axes; at most " + MOST_AXES);
        }
        if (merged.size() >= 2 && merged.size() <= 3 && isTransposition(merged)) {
            int first = merged.size() - 2;
            transpose(x, y, first == 0 ? 1 : (int) merged.get(0)[0], (int) merged.getLast()[0],
                    (int) merged.get(first)[0]);
            return;
        }
        while (merged.size() < MOST_AXES) {
            merged.addFirst(new long[] {1, 0});
        }
        long count = 1;
        boolean whole = merged.getLast()[1] == 1;
        for (int axis = 0; axis < MOST_AXES; axis++) {
            count *= merged.get(axis)[0];
            whole &= axis == MOST_AXES - 1 || merged.get(axis)[1] % Grids.lanes(element) == 0;
        }
        var arguments = new KernelArguments().pointer(x).pointer(y);
        merged.forEach(axis -> arguments.int32((int) axis[0]));
        merged.forEach(axis -> arguments.int64(axis[1]));
        launch("permute", count, arguments.int32(whole ? Grids.wide(element, merged.getLast()[0], x | y) : 0));
    }

    /// Size and stride in x of the result's axes, but for those of size 1, neighbours in x that stay neighbours as one.
    private static List<long[]> merged(int[] shape, int[] axes) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        var merged = new ArrayList<long[]>();
        for (int axis : axes) {
            long[] last = merged.isEmpty() ? null : merged.getLast();
            if (shape[axis] == 1) {
                continue;
            }
            if (last != null && last[1] == shape[axis] * strides[axis]) {
                last[0] *= shape[axis];
                last[1] = strides[axis];
            } else {
                merged.add(new long[] {shape[axis], strides[axis]});
            }
        }
        return merged;
    }

    /// Whether the last two axes change places and nothing else does.
    private static boolean isTransposition(List<long[]> axes) {
        long[] rows = axes.get(axes.size() - 2);
        long[] columns = axes.getLast();
        return rows[1] == 1 && columns[1] == rows[0] && (axes.size() == 2 || axes.get(0)[1] == rows[0] * columns[0]);
    }

    /// Copies `rows` rows of `columns` numbers between memories whose rows lie so many numbers apart: parts of a
    /// concatenation, slices.
    public void copy(long x, long xStride, long y, long yStride, long rows, int columns) {
        boolean whole = xStride % Grids.lanes(element) == 0 && yStride % Grids.lanes(element) == 0;
        launch("copy_rows", rows * columns, new KernelArguments().pointer(x).int64(xStride).pointer(y).int64(yStride)
                .int64(rows).int32(columns).int32(whole ? Grids.wide(element, columns, x | y) : 0));
    }

    /// The gradient of a slice: rows of `columns` numbers from column `start` on of rows of `size`, zeros beside them.
    public void place(long x, long y, long rows, int columns, int start, int size) {
        boolean whole = start % Grids.lanes(element) == 0 && size % Grids.lanes(element) == 0;
        launch("place_rows", rows * size, new KernelArguments().pointer(x).pointer(y).int64(rows).int32(columns)
                .int32(start).int32(size).int32(whole ? Grids.wide(element, columns, x | y) : 0));
    }

    /// Spreads pixels apart, zeros between: pixel (h, w) of x `[batch, height, width, channels]` goes to
    /// (h · strideHeight, w · strideWidth) of y `[batch, outHeight, outWidth, channels]`.
    ///
    /// @throws IllegalArgumentException if y is too small
    public void dilate(long x, long y, int batch, int height, int width, int channels, int strideHeight,
                       int strideWidth, int outHeight, int outWidth) {
        if ((height - 1) * strideHeight >= outHeight || (width - 1) * strideWidth >= outWidth) {
            throw new IllegalArgumentException(height + "×" + width + " pixels, " + strideHeight + " and " + strideWidth
                    + " apart, do not fit into " + outHeight + "×" + outWidth);
        }
        launch("dilate", (long) batch * outHeight * outWidth * channels, new KernelArguments().pointer(x).pointer(y)
                .int32(batch).int32(height).int32(width).int32(channels).int32(strideHeight).int32(strideWidth)
                .int32(outHeight).int32(outWidth).int32(Grids.wide(element, channels, x | y)));
    }

    private void launch(String entry, long count, KernelArguments arguments) {
        if (count > 0) {
            launcher.launch(new Kernel(source, entry), Grids.strided(launcher, count, Grids.lanes(element)), arguments);
        }
    }
}

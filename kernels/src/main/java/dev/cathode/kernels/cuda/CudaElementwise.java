package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;

/// Functions of single numbers and pairs of numbers, and their gradients, on one type of numbers; arithmetic is
/// float32. Addresses are those of the device; memory that is aligned to 16 bytes is read and written 16 bytes at a
/// time. A result may be an operand's memory unless said otherwise.
public final class CudaElementwise {
    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// The functions on numbers of `element`.
    public CudaElementwise(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("elementwise.cu").using("activations.cuh").with(element);
    }

    private void launch(String entry, long count, KernelArguments arguments) {
        if (count > 0) {
            launcher.launch(new Kernel(source, entry), Grids.strided(launcher, count, Grids.lanes(element)), arguments);
        }
    }

    /// `y[i] = value`.
    public void fill(float value, long y, long count) {
        launch("fill", count, new KernelArguments().float32(value).pointer(y).int64(count));
    }

    /// `y[i] = activation(x[i])`.
    public void activate(Activation activation, long x, long y, long count) {
        launch("activate", count,
                new KernelArguments().int32(activation.ordinal()).pointer(x).pointer(y).int64(count));
    }

    /// `dx[i] = dy[i] · activation'(x[i])`.
    public void activateGradient(Activation activation, long x, long dy, long dx, long count) {
        launch("activate_gradient", count, new KernelArguments().int32(activation.ordinal()).pointer(x).pointer(dy)
                .pointer(dx).int64(count));
    }

    /// `y[i] = scale · x[i] + shift`.
    public void affine(float scale, float shift, long x, long y, long count) {
        launch("affine", count,
                new KernelArguments().float32(scale).float32(shift).pointer(x).pointer(y).int64(count));
    }

    /// `y[i] = a[i] ∘ b[i]`.
    public void binary(Binary operation, long a, long b, long y, long count) {
        launch("binary", count,
                new KernelArguments().int32(operation.ordinal()).pointer(a).pointer(b).pointer(y).int64(count));
    }

    /// `y[o][m][i] = a[o][m][i] ∘ b[o][i]`: b is broadcast over the middle axis. With `outer` 1, b is one vector for
    /// all rows; with `inner` 1, one number per outer row.
    public void broadcast(Binary operation, long a, long b, long y, int outer, int middle, int inner) {
        var arguments = new KernelArguments().int32(operation.ordinal()).pointer(a).pointer(b).pointer(y);
        long count = (long) outer * middle * inner;
        if (inner == 1) {
            launch("broadcast_columns", count, arguments.int64(outer).int32(middle));
        } else {
            launch("broadcast_rows", count, arguments.int64((long) outer * middle).int32(inner).int32(middle));
        }
    }

    /// GEGLU of each row: `y[r][i] = x[r][i] · gelu(x[r][columns + i])` with the exact GELU; x has 2·columns numbers a
    /// row. The result overlaps no operand.
    public void geglu(long x, long y, long rows, int columns) {
        launch("geglu", rows * columns, new KernelArguments().pointer(x).pointer(y).int64(rows).int32(columns));
    }

    /// Of GEGLU: x and dx have 2·columns numbers a row, dy has columns. The result overlaps no operand.
    public void gegluGradient(long x, long dy, long dx, long rows, int columns) {
        launch("geglu_gradient", rows * columns,
                new KernelArguments().pointer(x).pointer(dy).pointer(dx).int64(rows).int32(columns));
    }

    /// The numbers in another type, rounded to nearest even. The result overlaps no operand.
    public void cast(long x, Element to, long y, long count) {
        cast("cast", to, x, y, count, 8);
    }

    /// Numbers from 32-bit integers.
    public void castFromInts(long x, long y, long count) {
        cast("cast_from_int", Element.FLOAT32, x, y, count, 1);
    }

    /// 32-bit integers from numbers, towards zero.
    public void castToInts(long x, long y, long count) {
        cast("cast_to_int", Element.FLOAT32, x, y, count, 1);
    }

    private void cast(String entry, Element to, long x, long y, long count, int each) {
        if (count > 0) {
            KernelSource casts = KernelSource.of("cast.cu").with(element).with("R", to.type());
            launcher.launch(new Kernel(casts, entry), Grids.strided(launcher, count, each),
                    new KernelArguments().pointer(x).pointer(y).int64(count));
        }
    }
}

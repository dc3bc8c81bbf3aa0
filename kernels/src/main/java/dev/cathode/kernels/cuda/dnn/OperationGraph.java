package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.BackendDescriptor.Type;
import java.util.ArrayList;
import java.util.List;

/// Operations on tensors that one plan computes together. Tensors go by numbers, by which a run gives their addresses;
/// a virtual one is only passed from one operation to the next and is never stored.
///
/// Made in one go: tensors, operations in order, then [#finish()].
final class OperationGraph implements AutoCloseable {
    /// `cudnnPointwiseMode_t`
    enum Pointwise {
        ADD(0), MULTIPLY(1), DIVIDE(6), SUBTRACT(9), EXP(13), LOG(15), IDENTITY(21), SILU(106);

        private final int code;

        Pointwise(int code) {
            this.code = code;
        }
    }

    /// `cudnnReduceTensorOp_t`
    enum Reduction {
        SUM(0), MAXIMUM(3);

        private final int code;

        Reduction(int code) {
            this.code = code;
        }
    }

    /// `cudnnBackendDescriptorType_t`, and `cudnnBackendAttributeName_t` of each kind
    private static final int TENSOR = 17;
    private static final int TENSOR_ALIGNMENT = 900;
    private static final int TENSOR_TYPE = 901;
    private static final int TENSOR_SIZES = 902;
    private static final int TENSOR_STRIDES = 903;
    private static final int TENSOR_ID = 906;
    private static final int TENSOR_VIRTUAL = 907;
    private static final int TENSOR_BY_VALUE = 908;
    private static final int CONVOLUTION = 1;
    private static final int CONVOLUTION_COMPUTE = 100;
    private static final int CONVOLUTION_MODE = 101;
    private static final int CONVOLUTION_DILATIONS = 102;
    private static final int CONVOLUTION_STRIDES = 103;
    private static final int CONVOLUTION_PADDING_AFTER = 104;
    private static final int CONVOLUTION_PADDING_BEFORE = 105;
    private static final int CONVOLUTION_DIMENSIONS = 106;
    private static final int CROSS_CORRELATION = 1;
    private static final int POINTWISE = 0;
    private static final int POINTWISE_MODE = 0;
    private static final int POINTWISE_COMPUTE = 1;
    private static final int POINTWISE_OPERATION = 13;
    private static final int POINTWISE_DESCRIPTOR = 750;
    private static final int POINTWISE_X = 751;
    private static final int POINTWISE_B = 752;
    private static final int POINTWISE_Y = 753;
    private static final int MATMUL = 18;
    private static final int MATMUL_COMPUTE = 1500;
    private static final int MATMUL_OPERATION = 19;
    private static final int MATMUL_A = 1520;
    private static final int MATMUL_B = 1521;
    private static final int MATMUL_C = 1522;
    private static final int MATMUL_DESCRIPTOR = 1523;
    private static final int REDUCTION = 21;
    private static final int REDUCTION_OPERATOR = 1600;
    private static final int REDUCTION_COMPUTE = 1601;
    private static final int REDUCTION_OPERATION = 22;
    private static final int REDUCTION_X = 1610;
    private static final int REDUCTION_Y = 1611;
    private static final int REDUCTION_DESCRIPTOR = 1612;
    private static final int RESHAPE_OPERATION = 31;
    private static final int RESHAPE_X = 2200;
    private static final int RESHAPE_Y = 2201;
    private static final int GRAPH = 15;
    private static final int GRAPH_OPERATIONS = 801;

    private final Cudnn cudnn;
    private final List<BackendDescriptor> made = new ArrayList<>();
    private final List<BackendDescriptor> operations = new ArrayList<>();

    OperationGraph(Cudnn cudnn) {
        this.cudnn = cudnn;
    }

    /// `cudnnDataType_t`
    private static int type(Element element) {
        return switch (element) {
            case FLOAT32 -> 0;
            case FLOAT16 -> 2;
            case BFLOAT16 -> 9;
        };
    }

    private BackendDescriptor make(int kind) {
        BackendDescriptor descriptor = new BackendDescriptor(cudnn, kind);
        made.add(descriptor);
        return descriptor;
    }

    /// A tensor in memory, its four sizes named N, C, H, W and stored as N, H, W, C; 16-byte aligned.
    BackendDescriptor tensor(long id, Element element, long n, long c, long h, long w) {
        return tensor(id, element, new Layout(new long[] {n, c, h, w}, new long[] {c * h * w, 1, c * w, c}));
    }

    /// A tensor that is never stored; sums stay float32.
    BackendDescriptor virtual(long id, long n, long c, long h, long w) {
        return virtual(id, Element.FLOAT32, new Layout(new long[] {n, c, h, w}, new long[] {c * h * w, 1, c * w, c}));
    }

    /// Where the elements of a tensor are: sizes, and elements from one to the next along each.
    record Layout(long[] sizes, long[] strides) { }

    /// A tensor in memory; 16-byte aligned.
    BackendDescriptor tensor(long id, Element element, Layout layout) {
        return describe(id, element, layout).longs(TENSOR_ALIGNMENT, 16).flag(TENSOR_VIRTUAL, false).finish();
    }

    /// A tensor that is never stored.
    BackendDescriptor virtual(long id, Element element, Layout layout) {
        return describe(id, element, layout).longs(TENSOR_ALIGNMENT, 16).flag(TENSOR_VIRTUAL, true).finish();
    }

    /// A float32 that a run gives the address of in this process; it is read when the run is queued.
    BackendDescriptor number(long id) {
        long[] one = {1, 1, 1, 1};
        return describe(id, Element.FLOAT32, new Layout(one, one)).longs(TENSOR_ALIGNMENT, Float.BYTES)
                .flag(TENSOR_BY_VALUE, true).finish();
    }

    private BackendDescriptor describe(long id, Element element, Layout layout) {
        return make(TENSOR).ints(TENSOR_TYPE, Type.DATA_TYPE, type(element)).longs(TENSOR_SIZES, layout.sizes)
                .longs(TENSOR_STRIDES, layout.strides).longs(TENSOR_ID, id);
    }

    /// What all three operations of a convolution share; sums are float32.
    BackendDescriptor convolution(ConvolutionTask.Axis rows, ConvolutionTask.Axis columns) {
        return make(CONVOLUTION).ints(CONVOLUTION_COMPUTE, Type.DATA_TYPE, type(Element.FLOAT32))
                .ints(CONVOLUTION_MODE, Type.CONVOLUTION_MODE, CROSS_CORRELATION).longs(CONVOLUTION_DIMENSIONS, 2)
                .longs(CONVOLUTION_DILATIONS, 1, 1)
                .longs(CONVOLUTION_STRIDES, rows.stride(), columns.stride())
                .longs(CONVOLUTION_PADDING_BEFORE, rows.paddingBefore(), columns.paddingBefore())
                .longs(CONVOLUTION_PADDING_AFTER, rows.paddingAfter(), columns.paddingAfter()).finish();
    }

    /// One of the three operations of a convolution.
    ///
    /// @param kind of the descriptor: 10 forward, 11 of the filter, 12 of the data
    /// @param first the number of the operation's first attribute; they follow in the order alpha, beta, convolution,
    ///         and the three tensors as given
    void convolve(int kind, int first, BackendDescriptor convolution, BackendDescriptor... tensors) {
        BackendDescriptor operation = make(kind).floats(first, 1).floats(first + 1, 0).descriptors(first + 2,
                convolution);
        for (int i = 0; i < tensors.length; i++) {
            operation.descriptors(first + 3 + i, tensors[i]);
        }
        operations.add(operation.finish());
    }

    /// `y = f(x, b)`; `b` is null for a function of one tensor.
    void pointwise(Pointwise function, BackendDescriptor x, BackendDescriptor b, BackendDescriptor y) {
        BackendDescriptor mode = make(POINTWISE).ints(POINTWISE_MODE, Type.POINTWISE_MODE, function.code)
                .ints(POINTWISE_COMPUTE, Type.DATA_TYPE, type(Element.FLOAT32)).finish();
        BackendDescriptor operation = make(POINTWISE_OPERATION).descriptors(POINTWISE_DESCRIPTOR, mode)
                .descriptors(POINTWISE_X, x).descriptors(POINTWISE_Y, y);
        if (b != null) {
            operation.descriptors(POINTWISE_B, b);
        }
        operations.add(operation.finish());
    }

    /// The product of each pair of matrices, the last two sizes of `a` and `b`; sums are float32.
    void multiply(BackendDescriptor a, BackendDescriptor b, BackendDescriptor product) {
        BackendDescriptor matmul = make(MATMUL).ints(MATMUL_COMPUTE, Type.DATA_TYPE, type(Element.FLOAT32)).finish();
        operations.add(make(MATMUL_OPERATION).descriptors(MATMUL_A, a).descriptors(MATMUL_B, b)
                .descriptors(MATMUL_C, product).descriptors(MATMUL_DESCRIPTOR, matmul).finish());
    }

    /// Reduces `x` along the sizes of which `y` has only 1.
    void reduce(Reduction how, BackendDescriptor x, BackendDescriptor y) {
        BackendDescriptor reduction = make(REDUCTION).ints(REDUCTION_OPERATOR, Type.REDUCTION, how.code)
                .ints(REDUCTION_COMPUTE, Type.DATA_TYPE, type(Element.FLOAT32)).finish();
        operations.add(make(REDUCTION_OPERATION).descriptors(REDUCTION_X, x).descriptors(REDUCTION_Y, y)
                .descriptors(REDUCTION_DESCRIPTOR, reduction).finish());
    }

    /// Lets `y` be the elements of `x` with other sizes and strides, such as those of the transposed matrices.
    void reshape(BackendDescriptor x, BackendDescriptor y) {
        operations.add(make(RESHAPE_OPERATION).descriptors(RESHAPE_X, x).descriptors(RESHAPE_Y, y).finish());
    }

    /// The graph of all operations.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if they do not fit together
    BackendDescriptor finish() {
        return make(GRAPH).descriptors(GRAPH_OPERATIONS, operations.toArray(BackendDescriptor[]::new)).finish();
    }

    @Override
    public void close() {
        made.reversed().forEach(BackendDescriptor::close);
        made.clear();
        operations.clear();
    }
}

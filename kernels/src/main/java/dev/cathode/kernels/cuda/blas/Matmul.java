package dev.cathode.kernels.cuda.blas;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.CublasLt.Descriptor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// A [Product] as cuBLASLt knows it.
///
/// cuBLASLt's matrices go by columns, so it is told of the transposed product, outᵀ = op(b)ᵀ · op(a)ᵀ: a row-major
/// matrix read by columns is its transpose, and a bias over our columns is one over its rows, where its epilogue adds
/// it. Not for several threads at a time.
public final class Matmul implements AutoCloseable {
    /// What an address must be a multiple of, in bytes; the fast algorithms need no more.
    public static final int ALIGNMENT = 16;

    /// A way to compute one product on one kind of GPU with one version of the library.
    public static final class Algorithm {
        private final byte[] data;
        private final long workspace;
        private final float waves;

        private Algorithm(byte[] data, long workspace, float waves) {
            this.data = data;
            this.workspace = workspace;
            this.waves = waves;
        }

        /// Device memory it needs while it runs, in bytes.
        public long workspace() {
            return workspace;
        }

        /// How often its blocks fill the GPU.
        public float waves() {
            return waves;
        }

        /// What cuBLASLt calls it: opaque.
        public byte[] data() {
            return data.clone();
        }
    }

    /// Where everything is on the device.
    ///
    /// @param bias where the epilogue's vector is; 0 if it has none
    /// @param residual where the residual is, or 0; it may be `out`
    /// @param workspace as many bytes as the algorithm needs; 0 if none
    public record Addresses(long a, long b, long bias, long residual, long out, long workspace) { }

    /// `cublasLtMatmulDescAttributes_t`
    static final int TRANSPOSE_A = 3;
    static final int TRANSPOSE_B = 4;
    static final int EPILOGUE = 7;
    static final int BIAS_POINTER = 8;
    /// `cublasLtMatrixLayoutAttribute_t`
    static final int BATCH_COUNT = 5;
    static final int BATCH_STRIDE = 6;
    /// `cublasLtMatmulPreferenceAttributes_t`
    private static final int MAX_WORKSPACE = 1;
    private static final int MIN_ALIGNMENT_A = 5;
    private static final int COMPUTE_FLOAT32 = 68;
    private static final int COMPUTE_TF32 = 77;
    private static final int ALGORITHM_BYTES = 64;
    private static final int RESULT_BYTES = 96;

    private final CublasLt blas;
    private final Product product;
    private final List<Descriptor> made = new ArrayList<>();
    private final Descriptor operation;
    private final Descriptor first;
    private final Descriptor second;
    private final Descriptor result;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0);
    private final MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1);
    private final MemorySegment algorithm = arena.allocate(ALGORITHM_BYTES, Long.BYTES);

    /// Describes a product; that needs no GPU.
    public Matmul(CublasLt blas, Product product) {
        this.blas = blas;
        this.product = product;
        try {
            int compute = product.element() == Element.FLOAT32 && product.tf32() ? COMPUTE_TF32 : COMPUTE_FLOAT32;
            operation = keep(blas.operation(compute, type(Element.FLOAT32)));
            operation.set(TRANSPOSE_A, product.b().transposed() ? 1 : 0);
            operation.set(TRANSPOSE_B, product.a().transposed() ? 1 : 0);
            operation.set(EPILOGUE, product.epilogue().code());
            first = matrix(product.b(), product.k(), product.n(), product.element());
            second = matrix(product.a(), product.m(), product.k(), product.element());
            result = matrix(product.out(), product.m(), product.n(), product.outElement());
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Descriptor keep(Descriptor descriptor) {
        made.add(descriptor);
        return descriptor;
    }

    /// A row-major matrix, `rows` × `columns` after its transposition.
    private Descriptor matrix(Product.Operand operand, long rows, long columns, Element element) {
        Descriptor layout = keep(operand.transposed()
                ? blas.layout(type(element), rows, columns, operand.stride())
                : blas.layout(type(element), columns, rows, operand.stride()));
        if (product.batch() > 1) {
            layout.set(BATCH_COUNT, product.batch());
            layout.set(BATCH_STRIDE, operand.batchStride());
        }
        return layout;
    }

    /// `cudaDataType_t`
    private static int type(Element element) {
        return switch (element) {
            case FLOAT32 -> 0;
            case FLOAT16 -> 2;
            case BFLOAT16 -> 14;
        };
    }

    /// What is multiplied.
    public Product product() {
        return product;
    }

    /// What the library was told, for tests: the operation, its two factors, the result.
    List<Descriptor> descriptors() {
        return List.copyOf(made);
    }

    /// The algorithms that the library's heuristics expect to be fastest, best first.
    ///
    /// @param workspace the most device memory that one may use, in bytes
    /// @param most how many are wanted
    /// @throws IllegalStateException if there is none for this product
    public List<Algorithm> algorithms(CublasLt.Handle handle, long workspace, int most) {
        if (product.epilogue().hasBias()) {
            operation.set(BIAS_POINTER, (long) ALIGNMENT); // only its alignment counts here
        }
        List<Algorithm> list = new ArrayList<>();
        try (Arena local = Arena.ofConfined(); Descriptor preference = blas.preference()) {
            preference.set(MAX_WORKSPACE, workspace);
            for (int i = 0; i < 4; i++) {
                preference.set(MIN_ALIGNMENT_A + i, ALIGNMENT);
            }
            MemorySegment results = local.allocate(RESULT_BYTES * (long) most, Long.BYTES);
            MemorySegment count = local.allocate(JAVA_INT);
            MemorySegment library = handle.address();
            blas.run("cublasLtMatmulAlgoGetHeuristic(" + product + ")", () -> (int) blas.heuristic.invokeExact(library,
                    operation.address(), first.address(), second.address(), result.address(), result.address(),
                    preference.address(), most, results, count));
            for (int i = 0; i < count.get(JAVA_INT, 0); i++) {
                MemorySegment entry = results.asSlice(RESULT_BYTES * (long) i, RESULT_BYTES);
                if (entry.get(JAVA_INT, ALGORITHM_BYTES + 8) == 0) { // its own status
                    list.add(algorithm(entry.asSlice(0, ALGORITHM_BYTES).toArray(JAVA_BYTE), entry));
                }
            }
        }
        if (list.isEmpty()) {
            throw new IllegalStateException("cuBLASLt has no algorithm for " + product + " with " + workspace
                    + " bytes of workspace");
        }
        return list;
    }

    /// An algorithm's workspace and waves from `cublasLtMatmulHeuristicResult_t`.
    private static Algorithm algorithm(byte[] data, MemorySegment entry) {
        return new Algorithm(data, entry.get(JAVA_LONG, ALGORITHM_BYTES), entry.get(JAVA_FLOAT, ALGORITHM_BYTES + 12));
    }

    /// An algorithm from its [Algorithm#data()], after asking the library whether it does this product here.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException if it does not
    public Algorithm algorithm(CublasLt.Handle handle, byte[] data) {
        if (data.length != ALGORITHM_BYTES) {
            throw new IllegalArgumentException("an algorithm has " + ALGORITHM_BYTES + " bytes, not " + data.length);
        }
        if (product.epilogue().hasBias()) {
            operation.set(BIAS_POINTER, (long) ALIGNMENT);
        }
        try (Arena local = Arena.ofConfined()) {
            MemorySegment entry = local.allocate(RESULT_BYTES, Long.BYTES);
            MemorySegment library = handle.address();
            algorithm.copyFrom(MemorySegment.ofArray(data));
            blas.run("cublasLtMatmulAlgoCheck(" + product + ")", () -> (int) blas.check.invokeExact(library,
                    operation.address(), first.address(), second.address(), result.address(), result.address(),
                    algorithm, entry));
            return algorithm(data, entry);
        }
    }

    /// Queues the product on a stream.
    ///
    /// @param stream the driver's handle
    public void run(CublasLt.Handle handle, Algorithm how, Addresses where, MemorySegment stream) {
        Product.Epilogue epilogue = product.epilogue();
        if (epilogue.hasBias() == (where.bias == 0)) {
            throw new IllegalArgumentException("the address of the bias is " + where.bias + ", the epilogue "
                    + epilogue);
        }
        if (where.residual != 0 && !epilogue.allowsResidual()) {
            throw new IllegalArgumentException("a residual would go through " + epilogue);
        }
        if (where.bias != 0) {
            operation.set(BIAS_POINTER, where.bias);
        }
        algorithm.copyFrom(MemorySegment.ofArray(how.data));
        MemorySegment library = handle.address();
        MemorySegment a = MemorySegment.ofAddress(where.a);
        MemorySegment b = MemorySegment.ofAddress(where.b);
        MemorySegment residual = MemorySegment.ofAddress(where.residual == 0 ? where.out : where.residual);
        MemorySegment out = MemorySegment.ofAddress(where.out);
        MemorySegment workspace = MemorySegment.ofAddress(where.workspace);
        MemorySegment beta = where.residual == 0 ? zero : one;
        blas.run("cublasLtMatmul(" + product + ")", () -> (int) blas.matmul.invokeExact(library, operation.address(),
                one, b, first.address(), a, second.address(), beta, residual, result.address(), out, result.address(),
                algorithm, workspace, how.workspace, stream));
    }

    @Override
    public void close() {
        made.reversed().forEach(Descriptor::close);
        made.clear();
        arena.close();
    }
}

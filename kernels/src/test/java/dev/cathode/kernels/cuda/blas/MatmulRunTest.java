package dev.cathode.kernels.cuda.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Product.Epilogue;
import dev.cathode.kernels.cuda.blas.Product.Operand;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CompiledLibrary;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products by a library in C that multiplies by columns, as cuBLASLt does, against plain row-major loops.
class MatmulRunTest {
    private static final MemorySegment STREAM = MemorySegment.ofAddress(77);
    private static final int M = 5;
    private static final int N = 7;
    private static final int K = 3;
    private static CublasLt blas;

    private final Random random = new Random(5);

    @BeforeAll
    static void compile(@TempDir Path folder) throws IOException, InterruptedException {
        blas = new CublasLt(CompiledLibrary.open(MatmulRunTest.class, "fake-cublaslt.c", CudaLibrary.CUBLAS_LT,
                "libcublasLt.so.13", folder, "-lm"));
    }

    private float[] numbers(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static float at(float[] matrix, Operand operand, int batch, int row, int column) {
        long place = batch * operand.batchStride() + (operand.transposed() ? column * operand.stride() + row
                : row * operand.stride() + column);
        return matrix[Math.toIntExact(place)];
    }

    /// Runs a product and compares it with loops.
    private void check(Product product, boolean residual) {
        float[] a = numbers(500);
        float[] b = numbers(500);
        float[] vector = numbers(16);
        float[] out = numbers(500);
        float[] expected = out.clone();
        float[] gradient = vector.clone();
        for (int batch = 0; batch < product.batch(); batch++) {
            for (int i = 0; i < product.m(); i++) {
                double reduced = 0;
                for (int l = 0; l < product.k(); l++) {
                    reduced += at(a, product.a(), batch, i, l);
                }
                gradient[i] = product.epilogue() == Epilogue.BIAS_GRADIENT ? (float) reduced : gradient[i];
                for (int j = 0; j < product.n(); j++) {
                    double sum = residual ? at(out, product.out(), batch, i, j) : 0;
                    for (int l = 0; l < product.k(); l++) {
                        sum += (double) at(a, product.a(), batch, i, l) * at(b, product.b(), batch, l, j);
                    }
                    sum += product.epilogue() == Epilogue.BIAS || product.epilogue() == Epilogue.BIAS_TANH_GELU
                            ? vector[j] : 0;
                    if (product.epilogue() == Epilogue.TANH_GELU || product.epilogue() == Epilogue.BIAS_TANH_GELU) {
                        sum = sum / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (sum + 0.044715 * sum * sum * sum)));
                    }
                    expected[Math.toIntExact(batch * product.out().batchStride() + i * product.out().stride() + j)] =
                            (float) sum;
                }
            }
        }
        try (Arena arena = Arena.ofConfined(); Matmul matmul = new Matmul(blas, product);
             CublasLt.Handle handle = blas.handle()) {
            MemorySegment left = arena.allocateFrom(JAVA_FLOAT, a);
            MemorySegment right = arena.allocateFrom(JAVA_FLOAT, b);
            MemorySegment extra = arena.allocateFrom(JAVA_FLOAT, vector);
            MemorySegment result = arena.allocateFrom(JAVA_FLOAT, out);
            List<Matmul.Algorithm> algorithms = matmul.algorithms(handle, 4096, 8);
            assertEquals(2, algorithms.size()); // of three, one is not supported after all
            for (Matmul.Algorithm algorithm : algorithms) {
                result.copyFrom(MemorySegment.ofArray(out));
                matmul.run(handle, algorithm, new Matmul.Addresses(left.address(), right.address(),
                        product.epilogue().hasBias() ? extra.address() : 0, residual ? result.address() : 0,
                        result.address(), 88), STREAM);
                assertArrayEquals(expected, result.toArray(JAVA_FLOAT), 1e-5f, product.toString());
                assertArrayEquals(gradient, extra.toArray(JAVA_FLOAT), 1e-5f, product.toString());
            }
            assertEquals(1536, algorithms.get(1).workspace());
            assertEquals(0.75f, algorithms.get(1).waves());
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void transposesStridesAndBatches(boolean a, boolean b) {
        Operand left = new Operand(a, (a ? M : K) + 2, 60);
        Operand right = new Operand(b, (b ? K : N) + 1, 70);
        for (Epilogue epilogue : Epilogue.values()) {
            check(new Product(1, M, N, K, left, right, new Operand(false, N + 3, 0), Element.FLOAT32, Element.FLOAT32,
                    epilogue, false), epilogue.allowsResidual());
        }
        check(new Product(3, M, N, K, left, right, new Operand(false, N + 3, 80), Element.FLOAT32, Element.FLOAT32,
                Epilogue.NONE, false), true);
        check(new Product(3, M, N, K, left, new Operand(b, (b ? K : N) + 1, 0), new Operand(false, N, 80),
                Element.FLOAT32, Element.FLOAT32, Epilogue.BIAS, false), false);
    }

    @Test
    void aLinearLayerAndItsGradients() {
        check(Product.linear(M, K, N, Element.FLOAT32, Epilogue.BIAS), true);
        check(Product.inputGradient(M, K, N, Element.FLOAT32), false);
        check(Product.weightGradient(M, K, N, Element.FLOAT32, true), true);
        check(Product.weightGradient(M, K, N, Element.FLOAT32, false), false);
    }

    @Test
    void aChosenAlgorithmIsKeptAndChecked(@TempDir Path folder) {
        Product product = Product.linear(M, K, N, Element.FLOAT32, Epilogue.BIAS);
        try (Matmul matmul = new Matmul(blas, product); CublasLt.Handle handle = blas.handle()) {
            AlgorithmCache cache = new AlgorithmCache(blas, handle, "Fake GPU sm_90", new DiskCache(folder));
            Matmul.Algorithm chosen = cache.algorithm(matmul, 4096, 8, list -> list.size() - 1);
            assertEquals(1536, chosen.workspace());
            Matmul.Algorithm kept = cache.algorithm(matmul, 4096, 8, list -> {
                throw new AssertionError("chosen already");
            });
            assertArrayEquals(chosen.data(), kept.data());
            assertEquals(1536, kept.workspace());
            assertEquals(512, cache.algorithm(matmul, 2048, 8, list -> 0).workspace());
            DiskCache.Key key = new DiskCache.Key("matmul", List.of("cuBLASLt " + blas.version(), "Fake GPU sm_90",
                    product.toString(), "4096"));
            for (int bytes : new int[] {64, 63}) {
                new DiskCache(folder).remove(key);
                new DiskCache(folder).get(key, () -> new byte[bytes]);
                assertEquals(512, cache.algorithm(matmul, 4096, 8, list -> 0).workspace());
            }
        }
    }

    @Test
    void whatCannotRunIsRefused() {
        try (Matmul gelu = new Matmul(blas, Product.linear(M, K, N, Element.FLOAT32, Epilogue.BIAS_TANH_GELU));
             CublasLt.Handle handle = blas.handle()) {
            Matmul.Algorithm algorithm = gelu.algorithms(handle, 4096, 1).getFirst();
            assertThrows(IllegalArgumentException.class, () -> gelu.run(handle, algorithm,
                    new Matmul.Addresses(16, 16, 16, 16, 16, 88), STREAM));
            assertThrows(IllegalArgumentException.class, () -> gelu.run(handle, algorithm,
                    new Matmul.Addresses(16, 16, 0, 0, 16, 88), STREAM));
            CudaException e = assertThrows(CudaException.class, () -> gelu.run(handle, algorithm,
                    new Matmul.Addresses(16, 16, 16, 0, 16, 99), STREAM));
            assertTrue(e.getMessage().contains("an invalid value, INVALID_VALUE (7)"), e.getMessage());
            IllegalStateException none = assertThrows(IllegalStateException.class,
                    () -> gelu.algorithms(handle, 0, 1));
            assertTrue(none.getMessage().contains("0 bytes of workspace"), none.getMessage());
        }
    }
}

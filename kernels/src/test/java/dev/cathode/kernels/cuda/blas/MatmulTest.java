package dev.cathode.kernels.cuda.blas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.Libraries;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.Prototypes;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class MatmulTest {
    private static final int TYPE = 0;
    private static final int ROWS = 2;
    private static final int COLUMNS = 3;
    private static final int STRIDE = 4;
    private static final int COMPUTE = 0;
    private static final int SCALE = 1;

    private static CublasLt blas() {
        return new CublasLt(Libraries.assume(CudaLibrary.CUBLAS_LT));
    }

    @Test
    void typesAreThoseOfTheHeader() throws IOException {
        Prototypes.check("cublasLt.h", CublasLt::new);
    }

    /// The sizes that a row-major product has when its matrices are read by columns.
    private static void expectLayout(CublasLt.Descriptor layout, long type, long rows, long columns, long stride) {
        assertEquals(List.of(type, rows, columns, stride), List.of(layout.get(TYPE, 4), layout.get(ROWS, 8),
                layout.get(COLUMNS, 8), layout.get(STRIDE, 8)));
    }

    private static void expectOperation(CublasLt.Descriptor operation, long compute, long first, long second, long epilogue) {
        assertEquals(List.of(compute, 0L, first, second, epilogue), List.of(operation.get(COMPUTE, 4),
                operation.get(SCALE, 4), operation.get(Matmul.TRANSPOSE_A, 4), operation.get(Matmul.TRANSPOSE_B, 4),
                operation.get(Matmul.EPILOGUE, 4)));
    }

    @Test
    void aLinearLayerAndItsGradients() {
        CublasLt blas = blas();
        try (Matmul linear = new Matmul(blas, Product.linear(7, 320, 1280, Element.BFLOAT16, Product.Epilogue.BIAS))) {
            expectOperation(linear.descriptors().get(0), 68, 1, 0, 4);
            expectLayout(linear.descriptors().get(1), 14, 320, 1280, 320);
            expectLayout(linear.descriptors().get(2), 14, 320, 7, 320);
            expectLayout(linear.descriptors().get(3), 14, 1280, 7, 1280);
        }
        try (Matmul input = new Matmul(blas, Product.inputGradient(7, 320, 1280, Element.FLOAT16))) {
            expectOperation(input.descriptors().get(0), 68, 0, 0, 1);
            expectLayout(input.descriptors().get(1), 2, 320, 1280, 320);
            expectLayout(input.descriptors().get(2), 2, 1280, 7, 1280);
            expectLayout(input.descriptors().get(3), 2, 320, 7, 320);
        }
        try (Matmul weights = new Matmul(blas,
                Product.weightGradient(7, 320, 1280, Element.BFLOAT16, true).into(Element.FLOAT32))) {
            expectOperation(weights.descriptors().get(0), 68, 0, 1, 512);
            expectLayout(weights.descriptors().get(1), 14, 320, 7, 320);
            expectLayout(weights.descriptors().get(2), 14, 1280, 7, 1280);
            expectLayout(weights.descriptors().get(3), 0, 320, 1280, 320);
        }
    }

    @Test
    void tf32OnlyWhenAsked() {
        CublasLt blas = blas();
        Product product = Product.linear(8, 8, 8, Element.FLOAT32, Product.Epilogue.BIAS_TANH_GELU);
        try (Matmul exact = new Matmul(blas, product); Matmul fast = new Matmul(blas, product.withTf32())) {
            expectOperation(exact.descriptors().get(0), 68, 1, 0, 36);
            expectOperation(fast.descriptors().get(0), 77, 1, 0, 36);
        }
    }

    @Test
    void batchesOfSlices() {
        // the scores of 8 heads of 40 numbers: queries [64, 8·40] · keys [77, 8·40] transposed
        Product scores = new Product(8, 64, 77, 40, new Product.Operand(false, 320, 40),
                new Product.Operand(true, 320, 40), new Product.Operand(false, 77, 64 * 77), Element.BFLOAT16,
                Element.FLOAT32, Product.Epilogue.NONE, false);
        try (Matmul matmul = new Matmul(blas(), scores)) {
            expectLayout(matmul.descriptors().get(1), 14, 40, 77, 320);
            expectLayout(matmul.descriptors().get(2), 14, 40, 64, 320);
            expectLayout(matmul.descriptors().get(3), 0, 77, 64, 77);
            for (int i = 1; i < 4; i++) {
                assertEquals(8, matmul.descriptors().get(i).get(Matmul.BATCH_COUNT, 4));
                assertEquals(i == 3 ? 64 * 77 : 40, matmul.descriptors().get(i).get(Matmul.BATCH_STRIDE, 8));
            }
        }
    }

    @Test
    void whatIsNoProductIsRefused() {
        Product.Operand rows = new Product.Operand(false, 8, 0);
        assertThrows(IllegalArgumentException.class, () -> Product.linear(0, 8, 8, Element.FLOAT32,
                Product.Epilogue.NONE));
        assertThrows(IllegalArgumentException.class, () -> new Product(1, 4, 16, 8, rows, rows,
                new Product.Operand(false, 16, 0), Element.FLOAT32, Element.FLOAT32, Product.Epilogue.NONE, false));
        assertThrows(IllegalArgumentException.class, () -> new Product(2, 4, 8, 8, rows, rows, rows, Element.FLOAT32,
                Element.FLOAT32, Product.Epilogue.NONE, false));
        assertThrows(IllegalArgumentException.class, () -> Product.linear(8, 8, 8, Element.FLOAT32,
                Product.Epilogue.NONE).into(Element.BFLOAT16));
    }

    @Test
    void withoutAGpuTheLibrarySaysSo() {
        CublasLt blas = blas();
        assertTrue(blas.version() >= 120_000, "" + blas.version());
        assumeTrue(LibrarySearch.ofSystem().find(CudaLibrary.DRIVER) instanceof Finding.Missing, "there is a driver");
        CudaException e = assertThrows(CudaException.class, blas::handle);
        assertEquals("cublasLtCreate", e.call());
        assertFalse(e.code() == 0);
        assertTrue(e.getMessage().contains("CUBLAS_STATUS_NOT_INITIALIZED"), e.getMessage());
    }
}

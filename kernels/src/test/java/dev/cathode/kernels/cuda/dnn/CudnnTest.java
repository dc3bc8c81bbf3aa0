package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.Libraries;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.Prototypes;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class CudnnTest {
    private static Cudnn cudnn() {
        return new Cudnn(Libraries.assume(CudaLibrary.CUDNN));
    }

    @Test
    void typesAreThoseOfTheHeader() throws IOException {
        Prototypes.check("cudnn_graph_v9.h", Cudnn::new);
    }

    @Test
    void aDescriptorKeepsWhatItIsGiven() {
        Cudnn cudnn = cudnn();
        assertEquals(9, cudnn.version() / 10_000);
        try (BackendDescriptor tensor = new BackendDescriptor(cudnn, 17)) { // CUDNN_BACKEND_TENSOR_DESCRIPTOR
            tensor.ints(901, BackendDescriptor.Type.DATA_TYPE, 9) // bfloat16
                    .longs(900, 16) // alignment
                    .longs(902, 2, 320, 64, 64) // sizes
                    .longs(903, 320 * 64 * 64, 1, 320 * 64, 320) // strides: NHWC
                    .longs(906, 'x') // its number
                    .flag(907, false) // not virtual
                    .finish();
            assertArrayEquals(new long[] {2, 320, 64, 64}, tensor.readLongs(902, 8));
            assertArrayEquals(new long[] {'x'}, tensor.readLongs(906, 1));
        }
    }

    @Test
    void anErrorHasTheLibrarysWords() {
        try (BackendDescriptor tensor = new BackendDescriptor(cudnn(), 17)) {
            CudaException e = assertThrows(CudaException.class, tensor::finish);
            assertEquals("cudnnBackendFinalize(17)", e.call());
            assertEquals(2, e.code() / 1000);
            assertTrue(e.getMessage().contains("CUDNN_STATUS_BAD_PARAM"), e.getMessage());
        }
    }

    @Test
    void withoutAGpuTheLibrarySaysSo() {
        Cudnn cudnn = cudnn();
        assumeTrue(LibrarySearch.ofSystem().find(CudaLibrary.DRIVER) instanceof Finding.Missing, "there is a driver");
        CudaException e = assertThrows(CudaException.class, cudnn::handle);
        assertTrue(e.getMessage().startsWith("cudnnCreate: CUDNN_STATUS_NOT_INITIALIZED"), e.getMessage());
    }
}

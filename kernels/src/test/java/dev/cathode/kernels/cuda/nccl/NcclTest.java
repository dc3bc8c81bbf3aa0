package dev.cathode.kernels.cuda.nccl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NcclTest {
    @Test
    void typesAreThoseOfTheHeader() throws IOException {
        Prototypes.check("nccl.h", Nccl::new);
    }

    @Test
    void idsDiffer() {
        Nccl nccl = new Nccl(Libraries.assume(CudaLibrary.NCCL));
        assertTrue(nccl.version() >= 20_000, "" + nccl.version());
        byte[] id = nccl.newId();
        assertEquals(Nccl.ID_BYTES, id.length);
        assertFalse(Arrays.equals(id, nccl.newId()));
        assertThrows(IllegalArgumentException.class, () -> nccl.join(new byte[4], 0, 1));
        assertThrows(IllegalArgumentException.class, () -> nccl.join(id, 1, 1));
    }

    @Test
    void withoutAGpuTheLibrarySaysSo() {
        Nccl nccl = new Nccl(Libraries.assume(CudaLibrary.NCCL));
        assumeTrue(LibrarySearch.ofSystem().find(CudaLibrary.DRIVER) instanceof Finding.Missing, "there is a driver");
        CudaException e = assertThrows(CudaException.class, () -> nccl.join(nccl.newId(), 0, 1));
        assertTrue(e.getMessage().startsWith("ncclCommInitRank(0 of 1): ") && e.getMessage().contains("driver"),
                e.getMessage());
    }
}

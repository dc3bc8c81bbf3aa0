package dev.cathode.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.library.Prototypes;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DriverFunctionsTest {
    @Test
    void typesAreThoseOfTheHeader() throws IOException {
        Prototypes.check("cuda.h", DriverFunctions::new);
    }

    @Test
    void versionsOfFunctionsAreNamed() {
        // without the suffix these are the 32-bit functions of CUDA 3, or a capture that other threads can break
        Set<String> names = Prototypes.of(DriverFunctions::new).keySet();
        for (String name : new String[] {"cuMemAlloc_v2", "cuMemFree_v2", "cuMemGetInfo_v2", "cuDeviceTotalMem_v2",
            "cuMemcpyHtoDAsync_v2", "cuStreamBeginCapture_v2", "cuStreamDestroy_v2", "cuEventDestroy_v2",
            "cuDevicePrimaryCtxRelease_v2"}) {
            assertTrue(names.contains(name), name);
        }
    }
}

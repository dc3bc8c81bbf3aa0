package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cuda.Kernel;
import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import dev.cathode.kernels.cuda.KernelLauncher.Limits;
import dev.cathode.kernels.cuda.KernelSource;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriverLauncherTest {
    private static final KernelSource SOURCE = KernelSource.of("elementwise.cu");

    @Test
    void compilesOnceLoadsOnceAndAllowsSharedMemory(@TempDir Path folder) throws Throwable {
        NativeLibrary library = FakeDriver.open(folder);
        CudaDriver driver = new CudaDriver(library);
        driver.start();
        List<String> compiled = new ArrayList<>();
        try (CudaContext context = driver.context(driver.device(0)); CudaStream stream = context.stream();
             DriverLauncher launcher = new DriverLauncher(context, stream, (source, chip) -> {
                 compiled.add(source.name() + " for " + chip);
                 return "kernels: scale report\0".getBytes(StandardCharsets.US_ASCII);
             }); Arena arena = Arena.ofConfined()) {
            assertEquals(new Limits(132, 232448), launcher.limits());
            long x = context.allocate(64);
            stream.fill(x, Float.floatToRawIntBits(3), 16);
            KernelArguments arguments = new KernelArguments().pointer(x).int64(2).float32(0.5f);
            launcher.launch(new Kernel(SOURCE, "scale"), Geometry.line(1, 32, 0), arguments);
            MemorySegment host = context.pinned(28, arena);
            stream.download(x, host);
            assertArrayEquals(new float[] {1.5f, 1.5f, 3}, host.asSlice(0, 12).toArray(JAVA_FLOAT));
            for (int bytes : new int[] {0, 100_000, 50_000, 200_000}) {
                launcher.launch(new Kernel(SOURCE, "report"), new Geometry(9, 8, 7, 6, 5, bytes), arguments);
                stream.download(x, host);
                assertArrayEquals(new float[] {9, 8, 7, 6, 5, 1, bytes}, host.toArray(JAVA_FLOAT));
            }
            assertEquals(List.of("elementwise.cu for sm_90"), compiled);
            context.free(x);
        }
        assertEquals(0, FakeDriver.live(library));
    }
}

package dev.cathode.kernels.cuda.driver;

import dev.cathode.kernels.cuda.library.CompiledLibrary;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/// A `libcuda.so.1` made from `fake-driver.c`.
public final class FakeDriver {
    private FakeDriver() { }

    /// Compiles it into a folder and opens it from there; skips the test where there is no C compiler.
    public static NativeLibrary open(Path folder, String... flags) throws IOException, InterruptedException {
        return CompiledLibrary.open(FakeDriver.class, "fake-driver.c", CudaLibrary.DRIVER, "libcuda.so.1", folder,
                flags);
    }

    /// How many things it made that were not given back; contexts count a thousand.
    static int live(NativeLibrary library) throws Throwable {
        return (int) library.function("fake_live", FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
    }
}

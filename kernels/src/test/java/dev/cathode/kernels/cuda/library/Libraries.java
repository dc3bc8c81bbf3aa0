package dev.cathode.kernels.cuda.library;

import org.junit.jupiter.api.Assumptions;

/// NVIDIA's libraries, for tests that need one.
public final class Libraries {
    private Libraries() { }

    /// The library; a test that asks for one this machine lacks is skipped and says so.
    public static NativeLibrary assume(CudaLibrary library) {
        return switch (LibrarySearch.ofSystem().find(library)) {
            case NativeLibrary found -> found;
            case Finding.Missing missing -> Assumptions.abort(missing.sentence());
        };
    }
}

package dev.cathode.kernels.cuda.library;

import java.util.List;

/// What a search for a library ends with.
public sealed interface Finding permits NativeLibrary, Finding.Missing {
    /// The library itself.
    ///
    /// @throws LibraryException with the sentence of [Missing] if there is none
    default NativeLibrary orThrow() {
        return switch (this) {
            case NativeLibrary found -> found;
            case Missing missing -> throw new LibraryException(missing.sentence());
        };
    }

    /// A library that did not turn up.
    ///
    /// @param names the file names that would have done, best first
    /// @param places where they were looked for, in order, for people
    /// @param refused files that are there and did not open, each with the system's reason
    record Missing(CudaLibrary library, List<String> names, List<String> places, List<String> refused)
            implements Finding {
        /// What was looked for, where, and how to get it: the library's name, and [#detail()].
        public String sentence() {
            return library.title() + ": " + detail();
        }

        /// The sentence without the library's name.
        public String detail() {
            if (places.isEmpty()) {
                return String.join("; ", refused); // not a system for it: no remedy
            }
            String looked = refused.isEmpty()
                    ? String.join(" or ", names) + " not found in " + String.join(", ", places)
                    : String.join("; ", refused);
            return looked + "; to get it, " + library.remedy()
                    + (library == CudaLibrary.DRIVER ? "" : ", or name its folder in CATHODE_CUDA_PATH");
        }
    }
}

package dev.cathode.kernels.cuda.library;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/// What a class of downcalls asks of its library.
@FunctionalInterface
public interface Functions {
    /// The function of that name with exactly these C types.
    ///
    /// @throws LibraryException if the library has no such function
    MethodHandle function(String name, FunctionDescriptor type);
}

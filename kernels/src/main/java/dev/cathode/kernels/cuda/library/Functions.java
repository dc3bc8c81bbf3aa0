package dev.cathode.kernels.cuda.library;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;

/// What a class of downcalls asks of its library.
@FunctionalInterface
public interface Functions {
    /// The function of that name with exactly these C types.
    ///
    /// @throws LibraryException if the library has no such function
    MethodHandle function(String name, FunctionDescriptor type);

    /// The function of that name that returns a status, an int.
    ///
    /// @throws LibraryException if the library has no such function
    default MethodHandle status(String name, MemoryLayout... parameters) {
        return function(name, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    /// What a function returns that takes nothing and answers with a `size_t`, such as a version.
    ///
    /// @throws LibraryException if the library has no such function
    default long number(String name) {
        try {
            return (long) function(name, FunctionDescriptor.of(JAVA_LONG)).invokeExact();
        } catch (Throwable e) {
            throw Downcalls.unexpected(name, e);
        }
    }
}

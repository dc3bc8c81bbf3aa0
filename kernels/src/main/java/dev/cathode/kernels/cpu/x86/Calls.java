package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Collections;

/// Handles to call machine code. One serves all functions of a signature: the address is its first argument, so the
/// compiler sees a constant.
final class Calls {
    private Calls() { }

    /// A call of machine code.
    @FunctionalInterface
    interface Call {
        /// Makes it.
        void run() throws Throwable;
    }

    /// Makes a call.
    ///
    /// @param owner of the code, which lives at least until the call returns
    static void run(Object owner, Call call) {
        try {
            call.run();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(owner);
        }
    }

    /// Of functions that take so many numbers and answer nothing.
    @SuppressWarnings("restricted")
    static MethodHandle of(int numbers, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                Collections.nCopies(numbers, JAVA_LONG).toArray(MemoryLayout[]::new)), options);
    }

    /// The same for functions that take microseconds: garbage collection waits for them, and the way back to Java has
    /// no barrier, which would wait for what the function has stored.
    static MethodHandle critical(int numbers) {
        return of(numbers, Linker.Option.critical(false));
    }
}

package dev.cathode.kernels.cuda.library;

import java.lang.foreign.MemorySegment;

/// What all classes of downcalls share.
public final class Downcalls {
    private Downcalls() { }

    /// A downcall that returns a status: `() -> (int) handle.invokeExact(...)`.
    @FunctionalInterface
    public interface Call {
        /// Makes the call.
        int status() throws Throwable;
    }

    /// The library's own words for a code that one of its functions returned.
    @FunctionalInterface
    public interface ErrorText {
        /// The words.
        String of(int code) throws Throwable;
    }

    /// Makes a call; a status other than 0 becomes an exception.
    ///
    /// @param name the function and what matters of its arguments, for people
    /// @throws CudaException if the status is not 0
    public static void run(String name, ErrorText text, Call call) {
        int code = status(name, call);
        if (code != 0) {
            throw new CudaException(name, text(name, text, code), code);
        }
    }

    private static String text(String name, ErrorText text, int code) {
        try {
            return text.of(code);
        } catch (Throwable e) {
            throw unexpected(name, e);
        }
    }

    /// Makes a call and returns its status.
    public static int status(String call, Call code) {
        try {
            return code.status();
        } catch (Throwable e) {
            throw unexpected(call, e);
        }
    }

    /// What to throw when a downcall itself, not the function behind it, fails: a mistake of ours, never a user's.
    public static RuntimeException unexpected(String call, Throwable e) {
        return switch (e) {
            case RuntimeException r -> r;
            case Error error -> throw error;
            default -> new IllegalStateException(call, e);
        };
    }

    /// The C string at an address that some library owns; "(no text)" for a null pointer.
    @SuppressWarnings("restricted")
    public static String text(MemorySegment address) {
        return address.address() == 0 ? "(no text)" : address.reinterpret(Integer.MAX_VALUE).getString(0);
    }
}

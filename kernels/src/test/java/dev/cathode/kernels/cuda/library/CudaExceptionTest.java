package dev.cathode.kernels.cuda.library;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class CudaExceptionTest {
    @Test
    void callTextAndCodeAreInTheMessage() {
        CudaException e = assertThrows(CudaException.class,
                () -> Downcalls.run("ncclAllReduce(8)", code -> "text of " + code, () -> 5));
        assertEquals("ncclAllReduce(8): text of 5 (5)", e.getMessage());
        assertEquals("ncclAllReduce(8)", e.call());
        assertEquals(5, e.code());
        assertEquals("f: no memory (2): use less", new CudaException("f", "no memory", 2, "use less").getMessage());
    }

    @Test
    void successIsSilentAndMistakesOfOursAreNotCodes() {
        assertDoesNotThrow(() -> Downcalls.run("f", code -> "never asked", () -> 0));
        RuntimeException own = new IllegalArgumentException("own");
        assertSame(own, assertThrows(IllegalArgumentException.class, () -> Downcalls.status("f", () -> {
            throw own;
        })));
        assertEquals(IOException.class, assertThrows(IllegalStateException.class, () -> Downcalls.status("f", () -> {
            throw new IOException();
        })).getCause().getClass());
    }
}

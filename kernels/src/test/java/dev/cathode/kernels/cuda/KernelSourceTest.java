package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class KernelSourceTest {
    @Test
    void definitionsAndFilesMakeOneText() {
        KernelSource source = KernelSource.of("elementwise.cu").with(Element.BFLOAT16).with("ROWS", 4);
        assertEquals("elementwise.cu ROWS=4 T=bf16", source.name());
        String text = source.text();
        assertTrue(text.startsWith("#define ROWS 4\n#define T bf16\n#line 1 \"common.cuh\"\n"));
        assertTrue(text.indexOf("#line 1 \"common.cuh\"") < text.indexOf("#line 1 \"elementwise.cu\""));
        assertEquals(text, KernelSource.of("elementwise.cu").with("ROWS", 4).with(Element.BFLOAT16).text());
    }

    @Test
    void aMissingFileIsNamed() {
        var error = assertThrows(IllegalArgumentException.class, () -> KernelSource.of("nothing.cu").text());
        assertTrue(error.getMessage().contains("nothing.cu"));
    }

    @Test
    @SuppressWarnings("restricted")
    void argumentsAreAnArrayOfPointers() {
        try (Arena arena = Arena.ofConfined()) {
            var arguments = new KernelArguments().pointer(0x7f0000001000L).int32(-3).int64(1L << 40).float32(0.5f);
            MemorySegment packed = arguments.pack(arena);
            assertEquals(0x7f0000001000L, at(packed, 0).get(JAVA_LONG, 0));
            assertEquals(-3, at(packed, 1).get(JAVA_INT, 0));
            assertEquals(1L << 40, at(packed, 2).get(JAVA_LONG, 0));
            assertEquals(0.5f, at(packed, 3).get(JAVA_FLOAT, 0));
        }
    }

    @SuppressWarnings("restricted")
    private static MemorySegment at(MemorySegment pointers, int index) {
        return pointers.getAtIndex(ADDRESS, index).reinterpret(8);
    }
}

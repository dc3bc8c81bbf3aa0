package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SizesTest {
    @Test
    void bytes() {
        assertEquals("1023 bytes", Sizes.bytes(1023));
        assertEquals("1.0 KiB", Sizes.bytes(1024));
        assertEquals("3.1 GiB", Sizes.bytes(3_328_599_655L));
        assertEquals("512 MiB", Sizes.bytes(512L << 20));
        assertEquals("2.0 TiB", Sizes.bytes(2L << 40));
    }

    @Test
    void counts() {
        assertEquals("859,520,964", Sizes.count(859_520_964));
    }

    @Test
    void flops() {
        assertEquals("1.607 TFLOP", Sizes.flops(1.6068e12));
        assertEquals("25.000 MFLOP", Sizes.flops(25e6));
        assertEquals("4000.000 TFLOP", Sizes.flops(4e15));
    }
}

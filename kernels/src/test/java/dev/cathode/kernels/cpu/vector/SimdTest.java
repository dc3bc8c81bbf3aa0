package dev.cathode.kernels.cpu.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class SimdTest {
    @Test
    void followsThePropertyAndNeverTheImpossible() {
        assertEquals(FloatVector.SPECIES_PREFERRED, Simd.species(0, FloatVector.SPECIES_PREFERRED));
        assertEquals(FloatVector.SPECIES_256, Simd.species(256, FloatVector.SPECIES_512));
        assertEquals(FloatVector.SPECIES_128, Simd.species(512, FloatVector.SPECIES_128));
        assertThrows(IllegalArgumentException.class, () -> Simd.species(64, FloatVector.SPECIES_128));
        assertEquals(Simd.LANES, Simd.SHORTS.length());
        assertEquals(Simd.LANES, Simd.INTS.length());
        int wanted = Integer.getInteger("cathode.vector.bits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        int machine = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        assertEquals(Math.min(wanted, machine), Simd.SPECIES.vectorBitSize());
        if (wanted > machine) {
            System.out.println("note: " + wanted + " bits wanted, tested at this machine's " + machine);
        }
    }

    @Test
    void theCompilerTakesTheDirectives() {
        assertTrue(CompilerDirectives.install());
    }

    @Test
    void aMachineWithoutThemIsNoError() {
        assertFalse(CompilerDirectives.add(CompilerDirectives.DIRECTIVES, "com.sun.management:type=Absent"));
        assertFalse(CompilerDirectives.add("[{ nonsense", "com.sun.management:type=DiagnosticCommand"));
    }
}

package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversionsTest {
    private static final String FILE = "conversions.safetensors";
    private static final Goldens.Topic OPS = Goldens.topic("ops");

    @ParameterizedTest
    @CsvSource({"BF16, bfloat16", "F16, float16"})
    void bitsAreExact(DType dtype, String name) {
        long[] bits = OPS.longs(FILE, "float32_bits");
        long[] expected = OPS.longs(FILE, name + "_bits");
        long[] back = OPS.longs(FILE, name + "_back_bits");
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = Float.intBitsToFloat((int) bits[i]);
        }
        try (Arena arena = Arena.ofConfined()) {
            // At an odd address, as in files with odd offsets.
            MemorySegment memory = arena.allocate(2L * values.length + 1, 8).asSlice(1);
            Conversions.fromFloats(values, 0, values.length, memory, dtype, 0);
            float[] widened = new float[values.length];
            Conversions.toFloats(memory, dtype, 0, widened, 0, widened.length);
            for (int i = 0; i < bits.length; i++) {
                if (Float.isNaN(values[i])) {
                    assertTrue(Float.isNaN(widened[i]));
                } else {
                    int got = memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) & 0xFFFF;
                    assertEquals(expected[i], got, () -> Float.toHexString(values[0]));
                    assertEquals((int) back[i], Float.floatToRawIntBits(widened[i]));
                }
            }
        }
    }

    @Test
    void allTypesWiden() {
        Goldens.Topic checkpoints = Goldens.topic("checkpoints");
        Checkpoint state = checkpoints.file("state_expected.safetensors");
        for (String name : state.names()) {
            FileTensor tensor = state.tensor(name);
            assertArrayEquals(Goldens.floats(tensor), Conversions.toFloats(tensor), name);
            if (!tensor.dtype().isFloat()) {
                assertArrayEquals(Goldens.longs(tensor), Conversions.toLongs(tensor), name);
            }
        }
    }

    @Test
    void halfPrecisionFilesHoldRoundedNumbers() {
        Goldens.Topic checkpoints = Goldens.topic("checkpoints");
        Checkpoint full = checkpoints.file("sharded/expected.safetensors");
        for (String file : List.of("half/model.fp16.safetensors", "half/model.bf16.safetensors")) {
            Checkpoint half = checkpoints.file(file);
            assertEquals(full.names(), half.names());
            for (String name : full.names()) {
                FileTensor tensor = half.tensor(name);
                float[] values = Conversions.toFloats(full.tensor(name));
                MemorySegment rounded = MemorySegment.ofArray(new byte[2 * values.length]);
                Conversions.fromFloats(values, 0, values.length, rounded, tensor.dtype(), 0);
                assertEquals(-1, rounded.mismatch(tensor.data()), file + " " + name);
            }
        }
    }

    @Test
    void doublesAndPartsOfArrays() {
        MemorySegment memory = MemorySegment.ofArray(new byte[5 * Double.BYTES]);
        Conversions.fromFloats(new float[] {0, 1.5f, -2, 0}, 1, 2, memory, DType.F64, 3);
        float[] values = new float[4];
        Conversions.toFloats(memory, DType.F64, 2, values, 1, 3);
        assertArrayEquals(new float[] {0, 0, 1.5f, -2}, values);
    }

    @Test
    void typesThatMakeNoSense() {
        assertThrows(IllegalArgumentException.class,
                () -> Conversions.fromFloats(new float[1], 0, 1, MemorySegment.ofArray(new byte[8]), DType.I64, 0));
        FileTensor tensor = new FileTensor("x", DType.F32, List.of(1L), MemorySegment.ofArray(new byte[4]));
        assertTrue(assertThrows(CheckpointException.class, () -> Conversions.toLongs(tensor)).getMessage()
                .contains("'x'"));
    }
}

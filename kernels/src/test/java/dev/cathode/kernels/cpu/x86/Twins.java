package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.cathode.kernels.cpu.CpuKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/// Compares passes of machine code with those on the Vector API, byte by byte, in memory with guards.
final class Twins {
    /// Of the vectors of the Vector API, the only width at which the two can be compared.
    static final int BITS = CpuKernels.vector().lanes() * Float.SIZE;

    private Twins() { }

    /// Numbers of all sizes and signs, and those that are not numbers like others.
    static float[] numbers(Random random, int count) {
        float[] strange = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, -0f, Float.MIN_VALUE,
            -Float.MIN_VALUE, 1e-39f, -1e-39f, Float.MAX_VALUE, -Float.MAX_VALUE, -104, -103.9f, 15, -15.1f, 88};
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(8);
            numbers[i] = kind == 0 ? strange[random.nextInt(strange.length)]
                    : (float) (random.nextGaussian() * Math.pow(2, kind == 1 ? random.nextInt(-40, 12) : kind - 3));
        }
        return numbers;
    }

    static float[] plain(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    /// The bits, with one NaN for all.
    static int[] bits(MemorySegment memory) {
        float[] numbers = memory.toArray(JAVA_FLOAT);
        int[] bits = new int[numbers.length];
        Arrays.setAll(bits, i -> Float.floatToIntBits(numbers[i]));
        return bits;
    }

    /// A pass over operands in memory with guards; what it leaves in all of them.
    static int[][] run(Consumer<long[]> pass, float[]... operands) {
        try (GuardPages memory = new GuardPages()) {
            MemorySegment[] segments = Arrays.stream(operands).map(memory::of).toArray(MemorySegment[]::new);
            pass.accept(Arrays.stream(segments).mapToLong(MemorySegment::address).toArray());
            return Arrays.stream(segments).map(Twins::bits).toArray(int[][]::new);
        }
    }

    /// The machine code for the Vector API's own width against the Vector API.
    static <P> void compare(String what, Function<EmittedProducts, P> passes, P vector, BiConsumer<P, long[]> pass,
                            float[]... operands) {
        try (Arena arena = Arena.ofConfined()) {
            P emitted = passes.apply(Machine.products(BITS, arena));
            assertArrayEquals(run(at -> pass.accept(vector, at), operands),
                    run(at -> pass.accept(emitted, at), operands), what);
        }
    }
}

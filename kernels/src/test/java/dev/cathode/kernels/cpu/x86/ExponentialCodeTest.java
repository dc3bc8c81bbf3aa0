package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.x86.Assembler.Arithmetic;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.ExponentialCode.Base;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Emitted exponentials against float64, over all exponents and signs of the argument.
class ExponentialCodeTest {
    /// @param side exponentials computed side by side
    /// @param spare registers for constants
    @ParameterizedTest
    @CsvSource({"E, 512, 4, 12", "E, 512, 1, 0", "E, 512, 3, 5", "E, 256, 1, 13", "E, 256, 3, 1", "E, 256, 4, 0",
        "TWO, 512, 4, 7", "TWO, 512, 8, 0", "TWO, 512, 1, 3", "TWO, 256, 2, 10", "TWO, 256, 5, 0",
        "TWO_ROUGHLY, 512, 4, 5", "TWO_ROUGHLY, 256, 1, 3"})
    void agreesWithFloat64(Base base, int bits, int side, int spare) {
        Processor processor = Machine.processor();
        assumeTrue(bits == 512 ? processor.avx512() : processor.avx2(), "no vectors of " + bits + " bits");
        float[] special = {0, -0f, 1, -1, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, 88.72283f, 88.72284f,
            -87.33654f, -103.97207f, -103.97209f, 127.99999f, 128, -126, -149, -149.99999f, -150, -150.00002f, -151,
            Float.MAX_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};
        int random = 1 << 20; // bit patterns evenly spaced: NaN, infinities and denormals among them
        int dense = 1 << 19; // where results are neither 0 nor infinite
        float[] x = new float[random + dense + special.length];
        for (int i = 0; i < random; i++) {
            x[i] = Float.intBitsToFloat(i * 4096 + i % 4093);
        }
        for (int i = 0; i < dense; i++) {
            x[random + i] = (float) (-160 + 300.0 * i / dense);
        }
        System.arraycopy(special, 0, x, random + dense, special.length);
        float[] y = run(base, bits, side, spare, x);
        double bound = base == Base.TWO_ROUGHLY ? 3.1e-6 : 1.8e-7;
        double worst = 0;
        for (int i = 0; i < x.length; i++) {
            float at = x[i];
            double expected = base == Base.E ? Math.exp(at) : Math.pow(2, at);
            if (Double.isNaN(expected)) {
                assertTrue(Float.isNaN(y[i]), () -> "of NaN");
            } else if ((float) expected == Float.POSITIVE_INFINITY || y[i] == Float.POSITIVE_INFINITY) {
                assertTrue(expected > Float.MAX_VALUE * (1 - bound), "of " + at);
                assertTrue(y[i] > Float.MAX_VALUE * (1 - bound), "of " + at);
            } else {
                // denormal results are rounded to half of the smallest number, some of them twice
                double allowed = expected * bound + (expected < Float.MIN_NORMAL ? 0.75 * Float.MIN_VALUE : 0);
                double error = Math.abs(y[i] - expected);
                assertTrue(error <= allowed, () -> "of " + at + ": " + expected + " off by " + error);
                worst = Math.max(worst, expected < Float.MIN_NORMAL ? 0 : error / expected);
            }
        }
        assertTrue(worst > 1e-8, "nothing was compared");
        assertEquals(1, y[random + dense], "of 0");
        assertEquals(0, y[x.length - 2], "of minus infinity");
        assertEquals(Float.POSITIVE_INFINITY, y[x.length - 3], "of infinity");
    }

    @SuppressWarnings("restricted")
    private static float[] run(Base base, int bits, int side, int spare, float[] x) {
        int step = side * bits / 32;
        int steps = (x.length + step - 1) / step;
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
            MemorySegment buffer = memory.buffer(4L * steps * step);
            MemorySegment.copy(x, 0, buffer, JAVA_FLOAT, 0, x.length);
            MachineCode code = Machine.install(function(base, bits, side, spare), arena);
            MethodHandle call = Linker.nativeLinker().downcallHandle(code.at(0),
                    FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
            call.invokeExact(buffer.address(), (long) steps);
            float[] y = new float[x.length];
            MemorySegment.copy(buffer, JAVA_FLOAT, 0, y, 0, x.length);
            return y;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// `void exponentials(float* x, long steps)`.
    private static byte[] function(Base base, int bits, int side, int spare) {
        Assembler a = new Assembler();
        Vec[][] v = IntStream.range(0, 3).mapToObj(
                role -> IntStream.range(0, side).mapToObj(i -> new Vec(role * side + i, bits)).toArray(Vec[]::new))
                .toArray(Vec[][]::new);
        ExponentialCode code = new ExponentialCode(a, base, bits, Gpr.RAX,
                IntStream.range(0, spare).mapToObj(i -> new Vec(3 * side + i, bits)).toArray(Vec[]::new));
        code.load();
        Label again = new Label();
        a.place(again);
        for (int i = 0; i < side; i++) {
            a.op(VectorOp.VMOVUPS, v[0][i], Mem.at(Gpr.RDI, i * bits / 8));
        }
        code.exponentials(v[0], v[1], v[2]);
        for (int i = 0; i < side; i++) {
            a.op(VectorOp.VMOVUPS, Mem.at(Gpr.RDI, i * bits / 8), v[0][i]);
        }
        a.op(Arithmetic.ADD, Gpr.RDI, side * bits / 8);
        a.dec(Gpr.RSI);
        a.jump(Condition.NE, again);
        a.vzeroupper();
        a.ret();
        code.table();
        return a.assemble();
    }
}

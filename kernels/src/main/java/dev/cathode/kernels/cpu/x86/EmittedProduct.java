package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cpu.vector.PanelProduct;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/// Products by machine code.
final class EmittedProduct implements PanelProduct {
    /// One handle for all functions: the address is its first argument, so the compiler sees a constant.
    @SuppressWarnings("restricted")
    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final int[] WIDTHS = {1, 2, 4};

    private final int vectorBytes;
    /// The function for one, two and four vectors, or null.
    private final MemorySegment[] functions;

    private EmittedProduct(int vectorBytes, MemorySegment[] functions) {
        this.vectorBytes = vectorBytes;
        this.functions = functions;
    }

    /// What became of the code.
    sealed interface Outcome {
        /// It can be called.
        record Ready(EmittedProduct product) implements Outcome { }

        /// The system does not let us.
        record Refused(String reason) implements Outcome { }
    }

    /// Writes the functions for vectors of 512 bits (AVX-512) or 256 (AVX2).
    static Outcome install(int bits, Pages pages, Arena arena) {
        Assembler a = new Assembler();
        int[] offsets = new int[WIDTHS.length];
        int widest = bits == 512 ? 4 : 2;
        for (int i = 0; i < WIDTHS.length; i++) {
            if (WIDTHS[i] <= widest) {
                a.align(64);
                offsets[i] = a.position();
                ProductCode.write(a, tileRows(WIDTHS[i]), WIDTHS[i], bits);
            }
        }
        return switch (MachineCode.install(a.assemble(), pages, arena)) {
            case MachineCode.Installation.Refused(String reason) -> new Outcome.Refused(reason);
            case MachineCode.Installation.Installed(MachineCode code) -> {
                MemorySegment[] functions = new MemorySegment[WIDTHS.length];
                for (int i = 0; i < WIDTHS.length; i++) {
                    functions[i] = WIDTHS[i] <= widest ? code.at(offsets[i]) : null;
                }
                yield new Outcome.Ready(new EmittedProduct(bits / 8, functions));
            }
        };
    }

    /// More rows where a row has but one sum: enough chains to keep the multipliers busy.
    private static int tileRows(int vectors) {
        return vectors == 1 ? 12 : 6;
    }

    @Override
    public void block(int vectors, long table, long tapStep, int taps, long offset, int k, long b, long zeros, long c,
                      int rows) {
        MemorySegment function = functions[vectors >> 1];
        long start = zeros == 0 ? c : zeros;
        long startStride = zeros == 0 ? (long) vectors * vectorBytes : 0;
        try {
            CALL.invokeExact(function, table, tapStep, (long) taps, offset, (long) k, b, start, startStride, c,
                    (long) rows);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }
}

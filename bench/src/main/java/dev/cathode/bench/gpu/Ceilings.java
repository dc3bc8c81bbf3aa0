package dev.cathode.bench.gpu;

import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import java.util.List;

/// What a machine does at most.
///
/// @param bytes moved in a second, read and written, by a large copy
/// @param flops floating-point operations in a second, by a large product of bfloat16 matrices
record Ceilings(double bytes, double flops) {
    /// Measures both.
    ///
    /// @param copied bytes of the copy
    /// @param side of the square matrices
    static Ceilings measure(MachineTimer timer, long copied, int side) {
        CudaMachine machine = timer.machine();
        try (Memory memory = new Memory(machine)) {
            long from = memory.random(Element.FLOAT32, copied / Float.BYTES);
            long to = memory.space(copied);
            double copy = timer.seconds(List.of(() -> machine.copy(from, to, copied)));
            Product product = Product.linear(side, side, side, Element.BFLOAT16, Product.Epilogue.NONE);
            try (CudaMachine.PreparedProduct prepared = machine.product(product)) {
                long count = (long) side * side;
                Matmul.Addresses where = new Matmul.Addresses(memory.random(Element.BFLOAT16, count),
                        memory.random(Element.BFLOAT16, count), 0, 0, memory.space(2 * count),
                        memory.space(prepared.workspaceBytes()));
                double multiply = timer.seconds(List.of(() -> prepared.run(where)));
                return new Ceilings(2.0 * copied / copy, 2.0 * side * side * side / multiply);
            }
        }
    }

    /// The least time for some work, in seconds.
    ///
    /// @param moved bytes, each input read once and each output written once
    /// @param operations floating-point operations of matrix products
    double floor(double moved, double operations) {
        return Math.max(moved / bytes, operations / flops);
    }
}

/// Kernels in machine code for x86-64 that Java writes and runs.
///
/// From the bottom: `VectorOp` is the table of instructions; `VectorEncoder`, `CodeBuffer` and `Assembler` turn them
/// into bytes. `MachineCode` puts bytes into `Pages` that can run. `Processor` asks what may be used. `ProductCode` is
/// the inner loop of matrix products, `EmittedProduct` calls it, `X86Kernels` decides.
package dev.cathode.kernels.cpu.x86;

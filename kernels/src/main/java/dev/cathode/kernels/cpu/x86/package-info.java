/// Kernels in machine code for x86-64 that Java writes and runs.
///
/// From the bottom: `VectorOp` is the table of instructions; `VectorEncoder`, `CodeBuffer` and `Assembler` turn them
/// into bytes. `MachineCode` puts bytes into `Pages` that can run. `Processor` asks what may be used.
/// `PanelProductCode` and `OuterProductCode` are the inner loops of matrix products, `EmittedProducts` calls them,
/// `X86Kernels` decides. `docs/machine-code.md` tells the story.
package dev.cathode.kernels.cpu.x86;

package dev.cathode.kernels.cpu.x86;

import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.foreign.Arena;

/// What tests can use here; a test that needs more is skipped with the reason.
final class Machine {
    private Machine() { }

    static Pages pages() {
        String architecture = System.getProperty("os.arch");
        if (!architecture.equals("amd64") && !architecture.equals("x86_64")) {
            return abort("this is " + architecture);
        }
        return Pages.system().orElseGet(() -> abort("executable memory is known on Linux only"));
    }

    static MachineCode install(byte[] code, Arena arena) {
        return switch (MachineCode.install(code, pages(), arena)) {
            case MachineCode.Installation.Installed(MachineCode installed) -> installed;
            case MachineCode.Installation.Refused(String reason) -> abort(reason);
        };
    }

    static Processor processor() {
        try (Arena arena = Arena.ofConfined()) {
            return Processor.ask(install(Processor.code(), arena));
        }
    }

    /// Products in vectors of so many bits.
    static EmittedProducts products(int bits, Arena arena) {
        return products(bits, processor().bf16(), arena);
    }

    /// The same as if the processor could multiply bfloat16 numbers, or could not.
    static EmittedProducts products(int bits, boolean bf16, Arena arena) {
        Processor processor = processor();
        if (bits < 256 || !(bits == 512 ? processor.avx512() : processor.avx2())) {
            return abort(processor.model() + " lacks vectors of " + bits + " bits");
        }
        return switch (EmittedProducts.install(bits, bits == 512 && bf16, pages(), arena)) {
            case EmittedProducts.Outcome.Ready(EmittedProducts products) -> products;
            case EmittedProducts.Outcome.Refused(String reason) -> abort(reason);
        };
    }

    /// Attention in vectors of so many bits.
    static AttentionFunctions attention(int bits, Arena arena) {
        Processor processor = processor();
        if (!(bits == 512 ? processor.avx512() : processor.avx2())) {
            return abort(processor.model() + " lacks vectors of " + bits + " bits");
        }
        return switch (AttentionFunctions.install(bits, bits == 512 && processor.bf16(), pages(), arena)) {
            case AttentionFunctions.Outcome.Ready(AttentionFunctions functions) -> functions;
            case AttentionFunctions.Outcome.Refused(String reason) -> abort(reason);
        };
    }
}

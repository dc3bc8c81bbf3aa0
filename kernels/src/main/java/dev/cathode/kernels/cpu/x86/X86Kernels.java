package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.vector.VectorKernels;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Chooses between machine code and the Vector API.
///
/// The system property `cathode.cpu` (`vector`, `avx2` or `avx512`) overrides what the processor suggests. Whatever
/// stands against machine code, the answer is the kernels on the Vector API, which say why.
public final class X86Kernels {
    /// What the property may say.
    enum Wish { AUTO, VECTOR, AVX2, AVX512 }

    private static final String PROPERTY = "cathode.cpu";

    private X86Kernels() { }

    /// The kernels for this machine. Their code is given back when they are garbage.
    ///
    /// @throws IllegalArgumentException if the property `cathode.cpu` says something else
    public static CpuKernels open() {
        return open(wish(System.getProperty(PROPERTY)), System.getProperty("os.arch"), Pages.system());
    }

    static Wish wish(String property) {
        if (property == null) {
            return Wish.AUTO;
        }
        List<String> known = Arrays.stream(Wish.values()).skip(1).map(w -> w.name().toLowerCase(Locale.ROOT)).toList();
        if (!known.contains(property)) {
            throw new IllegalArgumentException("-D" + PROPERTY + " must be one of " + String.join(", ", known)
                    + ", not " + property);
        }
        return Wish.valueOf(property.toUpperCase(Locale.ROOT));
    }

    /// The kernels for a machine.
    ///
    /// @param architecture of the processor, as Java calls it
    /// @param pages the system's pages, if their calls are known
    static CpuKernels open(Wish wish, String architecture, Optional<Pages> pages) {
        if (wish == Wish.VECTOR) {
            return portable("-D" + PROPERTY + "=vector");
        }
        if (!architecture.equals("amd64") && !architecture.equals("x86_64")) {
            return portable("machine code is written for x86-64, this is " + architecture);
        }
        if (pages.isEmpty()) {
            return portable("machine code runs on Linux, this is " + System.getProperty("os.name"));
        }
        int bits = new VectorKernels().lanes() * Float.SIZE;
        if (bits < 256 || wish != Wish.AUTO && wish != (bits == 512 ? Wish.AVX512 : Wish.AVX2)) {
            return portable((wish == Wish.AUTO ? "no machine code" : "no -D" + PROPERTY + "="
                    + wish.name().toLowerCase(Locale.ROOT)) + " for weights in vectors of " + bits + " bit");
        }
        Arena arena = Arena.ofAuto();
        return switch (MachineCode.install(Processor.code(), pages.get(), arena)) {
            case MachineCode.Installation.Refused(String reason) -> portable(reason);
            case MachineCode.Installation.Installed(MachineCode code) ->
                    emitted(Processor.ask(code), bits, pages.get(), arena);
        };
    }

    private static CpuKernels emitted(Processor processor, int bits, Pages pages, Arena arena) {
        if (!(bits == 512 ? processor.avx512() : processor.avx2())) {
            return portable(processor.model() + " lacks " + (bits == 512 ? "AVX-512 F, BW, DQ or VL" : "AVX2 or FMA")
                    + ", or the system does not save its registers");
        }
        boolean bf16 = bits == 512 && processor.bf16();
        return switch (EmittedProducts.install(bits, bf16, pages, arena)) {
            case EmittedProducts.Outcome.Refused(String reason) -> portable(reason);
            case EmittedProducts.Outcome.Ready(EmittedProducts products) ->
                    switch (AttentionFunctions.install(bits, bf16, pages, arena)) {
                        case AttentionFunctions.Outcome.Refused(String reason) -> portable(reason);
                        case AttentionFunctions.Outcome.Ready(AttentionFunctions functions) -> new VectorKernels(
                                products, new EmittedAttentions(functions),
                                (bits == 512 ? "AVX-512" : "AVX2") + " machine code", processor.model() + " has "
                                + features(processor) + "; -D" + PROPERTY + "=vector goes without");
                    };
        };
    }

    private static String features(Processor processor) {
        return !processor.avx512() ? "AVX2 and FMA" : processor.bf16() ? "AVX-512 and its bfloat16" : "AVX-512";
    }

    private static CpuKernels portable(String reason) {
        return new VectorKernels(reason);
    }
}

package dev.cathode.kernels.cpu.vector;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/// Tells the just-in-time compiler how to treat this package, from inside the process, so that nobody has to start
/// Java with special flags.
///
/// Three traps are disarmed. The client compiler (C1) cannot keep vectors in registers and sometimes keeps a kernel to
/// itself for good, 150 times slow: it is excluded here. The server compiler stops inlining small methods in large
/// bodies, which puts vectors on the heap: the functions of `VectorMath`, `VectorDerivatives` and `Simd` are always
/// inlined. And a kernel inlined into a caller that is compiled in the middle of its loop keeps its sums on the heap:
/// micro-kernels are compiled by themselves.
///
/// Every kernel class calls [#install()] in its static initializer.
final class CompilerDirectives {
    private static final String PACKAGE = "dev/cathode/kernels/cpu/vector/";
    /// The directives, in the syntax of `jcmd Compiler.directives_add`.
    static final String DIRECTIVES = """
            [{
              match: ["%1$s*.*"],
              c1: { Exclude: true },
              c2: { inline: ["+%1$sVectorMath.*", "+%1$sVectorDerivatives.*", "+%1$sSimd.*", "+%1$sHalfFloats.*",
                "+%1$sRowNormalization.lanesOf*", "+%1$sWinogradTransforms.load", "+%1$sWinogradTransforms.store",
                "+%1$sTransposition.exchange4",
                "-%1$sMicroKernel*.run", "-%1$sOuterProduct*.run"] }
            }, {
              match: ["dev/cathode/kernels/cpu/Workers.*"],
              c2: { inline: ["-%1$s*.*"] }
            }]
            """.formatted(PACKAGE);
    /// Whether the compiler took them.
    private static final boolean INSTALLED = add(DIRECTIVES, "com.sun.management:type=DiagnosticCommand");

    private CompilerDirectives() { }

    /// Installs the directives when first called; answers whether the compiler took them.
    static boolean install() {
        return INSTALLED;
    }

    /// Hands the directives to the virtual machine by the management bean of that name. Refusal is not an error: the
    /// kernels are correct without, only slower to warm up.
    static boolean add(String directives, String bean) {
        String answer;
        try {
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            // the command reads a file, so the directives pass through one
            Path file = Files.createTempFile("cathode", ".directives");
            try {
                Files.writeString(file, directives);
                answer = String.valueOf(server.invoke(new ObjectName(bean), "compilerDirectivesAdd",
                        new Object[] {new String[] {file.toString()}}, new String[] {String[].class.getName()}));
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (JMException | IOException | RuntimeException e) {
            answer = e.toString();
        }
        boolean taken = answer.contains("2 compiler directives added");
        if (!taken) {
            System.getLogger(CompilerDirectives.class.getName()).log(Level.INFO,
                    "no compiler directives (kernels may take longer to warm up): {0}", answer.strip());
        }
        return taken;
    }
}

package dev.cathode.kernels.cpu.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ProcessorTest {
    private static final int BASIC = 1 << 27 | 1 << 28 | 1 << 12 | 1 << 29;
    private static final int AVX512 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;

    /// A processor that answers these registers.
    private static Processor.Leaves answers(int highest, int ecx1, int ebx7, int eax71, String name) {
        return (leaf, subleaf) -> switch (leaf) {
            case 0 -> new int[] {highest, 0, 0, 0};
            case 1 -> new int[] {0, 0, ecx1, 0};
            case 7 -> subleaf == 0 ? new int[] {1, ebx7, 0, 0} : new int[] {eax71, 0, 0, 0};
            case 0x80000000 -> new int[] {0x80000000 + (name.isEmpty() ? 0 : 8), 0, 0, 0};
            case 0x80000002, 0x80000003, 0x80000004 -> {
                byte[] text = Arrays.copyOf(name.getBytes(StandardCharsets.US_ASCII), 48);
                var ints = ByteBuffer.wrap(text).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
                int at = (leaf - 0x80000002) * 4;
                yield new int[] {ints.get(at), ints.get(at + 1), ints.get(at + 2), ints.get(at + 3)};
            }
            default -> throw new AssertionError("leaf " + leaf);
        };
    }

    @Test
    void readsTheBits() {
        assertEquals(new Processor("Model 7 X", true, true, true),
                Processor.of(answers(7, BASIC, AVX512 | 1 << 5, 1 << 5, "Model 7 X   "), 0xe7));
        assertEquals(new Processor("Model", true, true, false),
                Processor.of(answers(7, BASIC, AVX512 | 1 << 5, 0, "Model"), 0xe7));
        assertEquals(new Processor("an unnamed processor", true, false, false),
                Processor.of(answers(7, BASIC, 1 << 5, 0, ""), 7));
        assertEquals(new Processor("an unnamed processor", false, false, false),
                Processor.of(answers(1, BASIC, -1, -1, ""), 7));
    }

    @Test
    void needsWhatTheSystemSaves() {
        assertEquals(new Processor("Model", true, false, false),
                Processor.of(answers(7, BASIC, -1, -1, "Model"), 7), "no AVX-512 registers");
        assertEquals(new Processor("Model", false, false, false),
                Processor.of(answers(7, BASIC, -1, -1, "Model"), 1), "no AVX registers");
        for (int missing : new int[] {16, 17, 30, 31}) {
            assertEquals(new Processor("Model", true, false, false),
                    Processor.of(answers(7, BASIC, ~(1 << missing), -1, "Model"), 0xe7));
        }
        for (int missing : new int[] {12, 28, 29}) {
            assertEquals(new Processor("Model", false, false, false),
                    Processor.of(answers(7, BASIC & ~(1 << missing), -1, -1, "Model"), 0xe7));
        }
    }

    @Test
    void agreesWithTheSystem() throws IOException {
        Processor processor = Machine.processor();
        var lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
        Set<String> flags = lines.stream().filter(line -> line.startsWith("flags")).findFirst().stream()
                .flatMap(line -> Arrays.stream(line.split("\\s+"))).collect(Collectors.toSet());
        String model = lines.stream().filter(line -> line.startsWith("model name")).findFirst().orElseThrow();
        assertEquals(new Processor(model.substring(model.indexOf(':') + 1).strip(),
                flags.containsAll(Set.of("avx2", "fma", "f16c")),
                flags.containsAll(Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl")),
                flags.contains("avx512_bf16")), processor);
    }
}

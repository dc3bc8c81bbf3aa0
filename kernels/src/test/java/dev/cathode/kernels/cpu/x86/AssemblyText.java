package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Assembler.Arithmetic;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Assembler.Prefetch;
import dev.cathode.kernels.cpu.x86.Assembler.Shift;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Register;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Reads instructions in Intel syntax and has the assembler write them.
final class AssemblyText {
    private static final Pattern MEMORY =
            Pattern.compile("\\[(\\w+?)(?:\\+(\\w+)\\*(\\d))?([+-]0x[0-9a-f]+)?](\\{1to\\d+})?");
    private static final Pattern DECORATION = Pattern.compile("\\{k(\\d)}(\\{z})?");
    private static final List<String> LOW_32 = List.of("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi");
    private static final Set<String> VECTOR_OPS =
            Arrays.stream(VectorOp.values()).map(Enum::name).collect(Collectors.toSet());

    private final Assembler assembler = new Assembler();
    private final Map<String, Label> labels = new HashMap<>();

    private AssemblyText() { }

    /// The code of instructions between semicolons.
    static byte[] assemble(String text) {
        AssemblyText reader = new AssemblyText();
        for (String part : text.split(";")) {
            String instruction = part.strip();
            int colon = instruction.indexOf(':');
            if (colon >= 0) {
                reader.assembler.place(reader.label(instruction.substring(0, colon)));
                instruction = instruction.substring(colon + 1).strip();
            }
            reader.instruction(instruction);
        }
        return reader.assembler.assemble();
    }

    private Label label(String name) {
        return labels.computeIfAbsent(name, unused -> new Label());
    }

    private void instruction(String text) {
        int space = text.indexOf(' ');
        String mnemonic = space < 0 ? text : text.substring(0, space);
        List<String> operands = space < 0 ? List.of() : List.of(text.substring(space + 1).split(", "));
        if (VECTOR_OPS.contains(mnemonic.toUpperCase(Locale.ROOT))) {
            vector(VectorOp.valueOf(mnemonic.toUpperCase(Locale.ROOT)), operands);
        } else {
            general(mnemonic, operands);
        }
    }

    private void vector(VectorOp op, List<String> texts) {
        Mask mask = Mask.ALL;
        Integer immediate = null;
        List<Operand> operands = new ArrayList<>();
        for (String text : texts) {
            Matcher decoration = DECORATION.matcher(text);
            if (decoration.find()) {
                mask = Mask.k(Integer.parseInt(decoration.group(1)));
                mask = decoration.group(2) == null ? mask : mask.zero();
                text = decoration.replaceAll("");
            }
            if (isNumber(text)) {
                immediate = number(text).intValue();
            } else {
                operands.add(operand(text));
            }
        }
        if (immediate == null) {
            assembler.op(op, mask, operands.toArray(Operand[]::new));
        } else {
            assembler.imm(op, immediate, mask, operands.toArray(Operand[]::new));
        }
    }

    private void general(String name, List<String> texts) {
        Assembler a = assembler;
        boolean narrow = texts.stream().anyMatch(AssemblyText::is32);
        if (name.startsWith("j") || name.equals("call") && labelOrRegister(texts.getFirst())) {
            Label label = label(texts.getFirst());
            switch (name) {
                case "jmp" -> a.jump(label);
                case "call" -> a.call(label);
                default -> a.jump(Condition.valueOf(name.substring(1).toUpperCase(Locale.ROOT)), label);
            }
            return;
        }
        if (name.equals("lea") && texts.getLast().startsWith("[rip+")) {
            String place = texts.getLast();
            a.lea(gpr(texts.getFirst()), label(place.substring("[rip+".length(), place.length() - 1)));
            return;
        }
        Operand first = texts.isEmpty() ? null : operand(texts.getFirst());
        Operand second = texts.size() > 1 && !isNumber(texts.get(1)) ? operand(texts.get(1)) : null;
        Long number = texts.size() > 1 && isNumber(texts.getLast()) ? number(texts.getLast()) : null;
        switch (name) {
            case "vzeroupper" -> a.vzeroupper();
            case "ret" -> a.ret();
            case "sfence" -> a.sfence();
            case "cpuid" -> a.cpuid();
            case "xgetbv" -> a.xgetbv();
            case "kmovw" -> a.kmovw((Register) first, (Register) second);
            case "prefetchnta", "prefetcht0", "prefetcht1", "prefetcht2" ->
                    a.prefetch(Prefetch.valueOf(name.substring(8).toUpperCase(Locale.ROOT)), (Mem) first);
            case "mov" -> mov(first, second, number, narrow);
            case "lea" -> a.lea((Gpr) first, (Mem) second);
            case "test" -> a.test((Gpr) first, (Gpr) second);
            case "imul" -> {
                if (number == null) {
                    a.imul((Gpr) first, second);
                } else {
                    a.imul((Gpr) first, second, number.intValue());
                }
            }
            case "shl", "shr", "sar" ->
                    a.shift(Shift.valueOf(name.toUpperCase(Locale.ROOT)), (Gpr) first, number.intValue());
            case "inc" -> a.inc((Gpr) first);
            case "dec" -> a.dec((Gpr) first);
            case "neg" -> a.neg((Gpr) first);
            case "push" -> a.push((Gpr) first);
            case "pop" -> a.pop((Gpr) first);
            case "call" -> a.call((Gpr) first);
            default -> arithmetic(Arithmetic.valueOf(name.toUpperCase(Locale.ROOT)), (Gpr) first, second, number,
                    narrow);
        }
    }

    private void mov(Operand first, Operand second, Long number, boolean narrow) {
        if (number != null) {
            assembler.mov((Gpr) first, number);
        } else if (narrow) {
            switch (first) {
                case Mem to -> assembler.mov32(to, (Gpr) second);
                case Gpr to when second instanceof Mem from -> assembler.mov32(to, from);
                default -> assembler.mov32((Gpr) first, (Gpr) second);
            }
        } else {
            switch (first) {
                case Mem to -> assembler.mov(to, (Gpr) second);
                case Gpr to when second instanceof Mem from -> assembler.mov(to, from);
                default -> assembler.mov((Gpr) first, (Gpr) second);
            }
        }
    }

    private void arithmetic(Arithmetic op, Gpr to, Operand from, Long number, boolean narrow) {
        if (narrow) {
            assembler.clear(to);
        } else if (number != null) {
            assembler.op(op, to, number.intValue());
        } else if (from instanceof Mem mem) {
            assembler.op(op, to, mem);
        } else {
            assembler.op(op, to, (Gpr) from);
        }
    }

    private static boolean labelOrRegister(String text) {
        return !text.startsWith("r");
    }

    private static boolean is32(String text) {
        return LOW_32.contains(text) || text.matches("r\\d+d");
    }

    private static boolean isNumber(String text) {
        return text.matches("-?0x[0-9a-f]+");
    }

    private static Long number(String text) {
        return Long.decode(text);
    }

    private static Operand operand(String text) {
        Matcher memory = MEMORY.matcher(text);
        if (memory.matches()) {
            Gpr index = memory.group(2) == null ? null : gpr(memory.group(2));
            int scale = memory.group(3) == null ? 1 : Integer.parseInt(memory.group(3));
            int displacement = memory.group(4) == null ? 0 : Integer.decode(memory.group(4));
            Mem mem = Mem.at(gpr(memory.group(1)), index, scale, displacement);
            return memory.group(5) == null ? mem : mem.toAllLanes();
        }
        return switch (text.substring(0, 1)) {
            case "x", "y", "z" -> new Vec(Integer.parseInt(text.substring(3)), 128 << "xyz".indexOf(text.charAt(0)));
            case "k" -> Mask.k(Integer.parseInt(text.substring(1)));
            default -> gpr(text);
        };
    }

    private static Gpr gpr(String text) {
        if (LOW_32.contains(text)) {
            return Gpr.values()[LOW_32.indexOf(text)];
        }
        return Gpr.valueOf((is32(text) ? text.substring(0, text.length() - 1) : text).toUpperCase(Locale.ROOT));
    }
}

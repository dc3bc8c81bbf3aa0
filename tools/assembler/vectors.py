"""Writes the bytes of x86-64 instructions as GNU as encodes them, for the tests of Java's assembler.

    python3 tools/assembler/vectors.py > kernels/src/test/resources/dev/cathode/kernels/cpu/x86/instructions.txt

Needs binutils (as, objdump). One line per instruction, Intel syntax, then its bytes.
"""
import subprocess
import sys
import tempfile

HEADER = """\
# Instructions as GNU as encodes them: written by tools/assembler/vectors.py, read by AssemblerTest.
# A line with several instructions (and labels) is a piece of code.
"""

ADDRESSES = [
    "[rax]", "[rbp]", "[rsp]", "[r12]", "[r13]", "[rdi+0x40]", "[r13+0x20]", "[rsp-0x80]", "[r12+0x7f]",
    "[rbx+0x1000]", "[r11-0x12345]", "[rax+0x44]", "[rdx+0x1fc0]", "[rdx+0x2000]", "[rdx-0x2000]", "[rdx-0x2040]",
    "[rax+rcx*1]", "[rbp+r9*4]", "[r13+r13*8]", "[rsp+rbp*2]", "[r12+r12*4+0x8]", "[rsi+r15*8+0x100]",
    "[r8+rdx*2-0x123456]", "[rbp+rax*1+0x40]",
]
FEW = [ADDRESSES[i] for i in (0, 4, 7, 20)]

# Mnemonics and the widths they have: xmm, ymm, zmm.
MOVES = {"vmovups": "xyz", "vmovaps": "xyz", "vmovdqu": "xy", "vmovdqu8": "xyz", "vmovdqu16": "xyz", "vmovdqu32": "xyz"}
RVM = {name: "xyz" for name in (
    "vaddps vmulps vsubps vminps vdivps vmaxps vfmadd132ps vfmadd213ps vfmadd231ps vfnmadd213ps vfnmadd231ps"
    " vfnmsub231ps vandps vandnps vorps vxorps vunpcklps vunpckhps vpaddd vpsubd vpackusdw").split()}
RVM |= {"vpand": "xy", "vpor": "xy", "vpxor": "xy"}
EVEX_RVM = {name: "xyz" for name in (
    "vscalefps vdpbf16ps vcvtne2ps2bf16 vpandd vpord vpxord vblendmps vpermi2ps vpermt2ps").split()}
NO_EVEX = {"vmovdqu", "vpand", "vpor", "vpxor", "vroundps", "vperm2f128", "vextractf128"}
SIZE = {"x": ("xmm", 16), "y": ("ymm", 32), "z": ("zmm", 64)}
HALF = {"x": "xmm", "y": "xmm", "z": "ymm"}


def registers(width, evex):
    """Low and high numbers, three at a time."""
    name = SIZE[width][0]
    sets = [(0, 1, 2), (7, 8, 3), (3, 2, 9), (15, 14, 13)] + ([(16, 17, 18), (31, 8, 5), (4, 30, 23), (9, 2, 29)]
                                                              if evex else [])
    return [tuple(f"{name}{i}" for i in s) for s in sets]


def lanes(width):
    return SIZE[width][1] // 4


def main():
    lines = []
    add = lines.append

    def masks(mnemonic, first, rest):
        """Masked forms of an instruction whose first operand is a register."""
        add(f"{mnemonic} {first}{{k1}}, {rest}")
        add(f"{mnemonic} {first}{{k7}}{{z}}, {rest}")

    for name, widths in MOVES.items():
        for w in widths:
            evex = name not in NO_EVEX
            for a, b, _ in registers(w, evex):
                add(f"{{load}} {name} {a}, {b}")
                for at in FEW:
                    add(f"{name} {a}, {at}")
                    add(f"{name} {at}, {a}")
            if evex:
                masks(name, registers(w, True)[4][0], "[rax+rcx*4+0x100]")
                masks(name, registers(w, True)[0][0], registers(w, True)[5][0])
                add(f"{name} [r9+0x80]{{k3}}, {registers(w, True)[6][0]}")
    for name in ("vmovups", "vmovdqu16", "vaddps"):  # every form of address, VEX and EVEX
        for w in "yz":
            for at in ADDRESSES:
                if name == "vaddps":
                    add(f"vaddps {SIZE[w][0]}1, {SIZE[w][0]}2, {at}")
                    add(f"vaddps {SIZE[w][0]}1, {SIZE[w][0]}17, {at}{{1to{lanes(w)}}}")
                else:
                    add(f"{name} {SIZE[w][0]}4, {at}")
                    add(f"{name} {at}, {SIZE[w][0]}14")
    for w in "xyz":
        for a, _, _ in registers(w, True):
            for at in FEW:
                add(f"vmovntps {at}, {a}")
    for w in "xy":
        for a, b, _ in registers(w, False):
            for at in FEW:
                add(f"vmaskmovps {a}, {b}, {at}")
                add(f"vmaskmovps {at}, {b}, {a}")
    for w in "xyz":
        for a, b, _ in registers(w, True):
            add(f"vbroadcastss {a}, {b.replace(SIZE[w][0], 'xmm')}")
            for at in FEW:
                add(f"vbroadcastss {a}, {at}")
        masks("vbroadcastss", f"{SIZE[w][0]}19", "[rdx+0x1fc]")
    for w in "yz":
        for at in FEW + ["[rbx+0x7f0]", "[rbx+0x800]"]:
            add(f"vbroadcastf32x4 {SIZE[w][0]}21, {at}")
    for name, widths in (RVM | EVEX_RVM).items():
        for w in widths:
            evex = name not in NO_EVEX
            for a, b, c in registers(w, evex):
                add(f"{name} {a}, {b}, {c}")
            a, b, _ = registers(w, evex)[1]
            for at in FEW:
                add(f"{name} {a}, {b}, {at}")
            if evex:
                a, b, c = registers(w, True)[6]
                masks(name, a, f"{b}, {c}")
                masks(name, a, f"{b}, [r10+0x40]")
                add(f"{name} {a}, {b}, [rcx+0x1fc]{{1to{lanes(w)}}}")
                add(f"{name} {a}{{k2}}, {b}, [r13+r12*4+0x200]{{1to{lanes(w)}}}")
    for w in "yz":
        for a, b, c in registers(w, True):
            add(f"vpermps {a}, {b}, {c}")
        masks("vpermps", f"{SIZE[w][0]}12", f"{SIZE[w][0]}13, [rax]{{1to{lanes(w)}}}")
    for w in "xyz":
        for a, b, c in registers(w, True):
            add(f"vpermw {a}, {b}, {c}")
        for at in FEW:
            add(f"vpermw {SIZE[w][0]}12, {SIZE[w][0]}21, {at}")
        masks("vpermw", f"{SIZE[w][0]}12", f"{SIZE[w][0]}13, [rax+0x80]")
    for name in ("vsqrtps", "vcvtdq2ps", "vcvtps2dq"):
        for w in "xyz":
            for a, b, _ in registers(w, True):
                add(f"{name} {a}, {b}")
            for at in FEW:
                add(f"{name} {SIZE[w][0]}9, {at}")
            masks(name, f"{SIZE[w][0]}22", f"[rax+0x80]{{1to{lanes(w)}}}")
    for name in ("vroundps", "vrndscaleps", "vreduceps"):
        for w in "xyz" if name != "vroundps" else "xy":
            for a, b, _ in registers(w, name != "vroundps"):
                add(f"{name} {a}, {b}, 0x8")
            for at in FEW:
                add(f"{name} {SIZE[w][0]}9, {at}, 0x3")
        if name != "vroundps":
            masks(name, "zmm30", "[rax+0x80]{1to16}, 0x8")
    for name in ("vcmpps", "vshufps"):
        for w in "xyz":
            for a, b, c in registers(w, name == "vshufps"):
                add(f"{name} {a}, {b}, {c}, 0x11") if w != "z" or name == "vshufps" else None
            for at in FEW:
                add(f"{name} {SIZE[w][0]}9, {SIZE[w][0]}8, {at}, 0xe") if w != "z" or name == "vshufps" else None
    for w in "xyz":
        for k, (_, b, c) in enumerate(registers(w, True)):
            add(f"vcmpps k{k}, {b}, {c}, 0x1")
        add(f"vcmpps k5{{k6}}, {SIZE[w][0]}31, [r8+0x40]{{1to{lanes(w)}}}, 0x1e")
        add(f"vcmpps k1{{k2}}, {SIZE[w][0]}3, [r8+0x40], 0x0")
    for name in ("vpsrld", "vpsrad", "vpslld"):
        for w in "xyz":
            for a, b, _ in registers(w, True):
                add(f"{name} {a}, {b}, 0x10")
            masks(name, f"{SIZE[w][0]}6", f"{SIZE[w][0]}28, 0x17")
            add(f"{name} {SIZE[w][0]}6, [rdx+0x40], 0x3")
            add(f"{name} {SIZE[w][0]}20, [rdx+0x40]{{1to{lanes(w)}}}, 0x3")
    for a, b, c in registers("z", True) + registers("y", True):
        add(f"vshuff32x4 {a}, {b}, {c}, 0xee")
    masks("vshuff32x4", "zmm3", "zmm20, [rax+0x40], 0x44")
    for a, b, c in registers("y", False):
        add(f"vperm2f128 {a}, {b}, {c}, 0x31")
    add("vperm2f128 ymm3, ymm9, [r9+0x40], 0x20")
    for a in (1, 15):
        add(f"vextractf128 xmm{15 - a}, ymm{a}, 0x1")
        add(f"vextractf128 [r13], ymm{a}, 0x1")
    for w in "yz":
        for a in (1, 12, 27):
            add(f"vextractf32x4 xmm{31 - a}, {SIZE[w][0]}{a}, 0x1")
            add(f"vextractf32x4 [rax+0x7f0], {SIZE[w][0]}{a}, 0x1")
    for a in (1, 12, 27):
        add(f"vextractf64x4 ymm{31 - a}, zmm{a}, 0x1")
        add(f"vextractf64x4 [rax+0xfe0], zmm{a}, 0x1")
        add(f"vextractf64x4 ymm{a}{{k1}}{{z}}, zmm{a}, 0x1")
    for name in ("vfmadd231pd", "vaddpd"):
        for w in "xyz":
            for a, b, c in registers(w, True):
                add(f"{name} {a}, {b}, {c}")
            for at in FEW:
                add(f"{name} {SIZE[w][0]}9, {SIZE[w][0]}8, {at}")
            masks(name, f"{SIZE[w][0]}22", f"{SIZE[w][0]}3, [rax+0x80]")
    for a in (1, 12, 27):
        for at in FEW + ["[rax+0x3f8]", "[rax+0x400]"]:
            add(f"vmovlps {at}, xmm{a}")
    for name in ("vpmovzxwd", "vcvtph2ps", "vcvtps2pd"):
        for w in "xyz":
            for a, b, _ in registers(w, True):
                add(f"{name} {a}, {b.replace(SIZE[w][0], HALF[w])}")
                for at in FEW + ["[rdx+0x60]", "[rdx+0xfe0]"]:
                    add(f"{name} {a}, {at}")
            masks(name, f"{SIZE[w][0]}16", "[rdx+0x20]")
    for w in "xyz":
        for a, b, _ in registers(w, True):
            add(f"vcvtps2ph {a.replace(SIZE[w][0], HALF[w])}, {b}, 0x0")
            for at in FEW:
                add(f"vcvtps2ph {at}, {b}, 0x0")
        add(f"vcvtps2ph [rdx+0x20]{{k1}}, {SIZE[w][0]}16, 0x0")
    for w in "xyz":
        for a, b, _ in registers(w, True):
            add(f"vpmovdw {a.replace(SIZE[w][0], HALF[w])}, {b}")
            for at in FEW:
                add(f"vpmovdw {at}, {b}")
        add(f"vpmovdw [rdx+0x20]{{k1}}, {SIZE[w][0]}16")
    for w in "xyz":
        for a, b, _ in registers(w, True):
            add(f"vcvtneps2bf16 {a.replace(SIZE[w][0], HALF[w])}, {b}")
        masks("vcvtneps2bf16", f"{HALF[w]}9", f"{SIZE[w][0]}25")
    for name in ("kandw", "kandnw", "korw", "kxorw"):
        add(f"{name} k1, k2, k3")
        add(f"{name} k7, k6, k5")
    for name in ("knotw", "kortestw", "kmovw"):
        add(f"{name} k1, k2")
        add(f"{name} k7, k0")
    for gpr in ("eax", "esi", "r8d", "r15d"):
        add(f"kmovw k3, {gpr}")
        add(f"kmovw {gpr}, k6")

    pairs = [("rax", "rcx"), ("rdi", "r9"), ("r8", "rsp"), ("r15", "r12"), ("rbp", "r13")]
    dword = {r: r + "d" if r[1].isdigit() else "e" + r[1:] for pair in pairs for r in pair}
    for a, b in pairs:
        for name in ("mov", "add", "or", "and", "sub", "xor", "cmp", "test", "imul"):
            add(f"{name} {a}, {b}")
        add(f"mov {dword[a]}, {dword[b]}")
        add(f"xor {dword[a]}, {dword[a]}")
        for name in ("inc", "dec", "neg", "push", "pop", "call"):
            add(f"{name} {a}")
        for name in ("shl", "shr", "sar"):
            add(f"{name} {a}, 0x1")
            add(f"{name} {a}, 0x3f")
        for name in ("add", "or", "and", "sub", "xor", "cmp"):
            add(f"{name} {a}, 0x7f")
            add(f"{name} {a}, -0x80")
            if a != "rax":  # as has a shorter form for RAX
                add(f"{name} {a}, 0x80")
                add(f"{name} {a}, -0x123456")
        add(f"imul {a}, {b}, 0x18")
        add(f"imul {a}, {b}, 0x12345")
        add(f"mov {dword[a]}, 0x12345678")
        add(f"mov {dword[a]}, 0xfffffffe")
        add(f"mov {a}, -0x2")
        add(f"mov {a}, 0x123456789abcdef0")
        add(f"mov {a}, -0x123456789abcdef")
        for at in FEW:
            for name in ("mov", "lea", "add", "sub", "and", "or", "xor", "cmp", "imul"):
                add(f"{name} {a}, {at}")
            add(f"mov {at}, {a}")
            add(f"mov {dword[a]}, {at}")
            add(f"mov {at}, {dword[a]}")
    for at in ADDRESSES:
        add(f"lea r9, {at}")
        for name in ("prefetchnta", "prefetcht0", "prefetcht1", "prefetcht2"):
            add(f"{name} {at}")
    for name in ("vzeroupper", "ret", "sfence", "cpuid", "xgetbv"):
        add(name)
    long = "; ".join(["vaddps zmm1, zmm2, [rax+0x44]"] * 20)
    for condition in "o no b ae e ne be a s ns p np l ge le g".split():
        add(f"again: dec rax; j{condition} again")
        add(f"again: {long}; j{condition} again")
        add(f"{{disp32}} j{condition} ahead; dec rax; ahead: ret")
    add("again: dec rax; jmp again")
    add(f"again: {long}; jmp again")
    add("{disp32} jmp ahead; dec rax; {disp32} jne ahead; ahead: ret")
    add("call ahead; ret; ahead: dec rax; ret")
    add("back: dec rax; ret; call back")
    for a in ("rax", "rdi", "r8", "r15"):
        add(f"back: dec rax; lea {a}, [rip+back]")
        add(f"lea {a}, [rip+ahead]; ret; ahead: dec rax")

    print(HEADER, end="")
    for line, code in zip(lines, assemble(lines), strict=True):
        text = line.replace("{load} ", "").replace("{disp32} ", "")
        print(f"{text} -> {code}")


def assemble(lines):
    """The bytes of each line: every line becomes a section of its own."""
    source = [".intel_syntax noprefix"]
    for i, line in enumerate(lines):
        for label in ("again", "ahead", "back"):
            line = line.replace(label, f".L{label}{i}")
        source.append(f".section .t{i}, \"ax\"\n{line}")
    with tempfile.TemporaryDirectory() as folder:
        object_file = f"{folder}/a.o"
        subprocess.run(["as", "-o", object_file, "-"], input="\n".join(source) + "\n", text=True, check=True)
        dump = subprocess.run(["objdump", "-s", object_file], capture_output=True, text=True, check=True).stdout
    found = {}
    section = None
    for line in dump.splitlines():
        if line.startswith("Contents of section .t"):
            name = line.split()[-1].rstrip(":")
            section = name[2:] if name[2:].isdigit() else None
            if section is not None:
                found[section] = ""
        elif section is not None and line.startswith(" "):
            found[section] += "".join(line[line.index(" ", 1) + 1:].split("  ")[0].split())
    return [found[str(i)] for i in range(len(lines))]


if __name__ == "__main__":
    sys.exit(main())

package dev.cathode.engine.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// A printable character for each byte, as GPT-2 introduced it: printable Latin-1 stands for itself, the rest for
/// U+0100 and following.
final class ByteAlphabet {
    private static final char[] SYMBOLS = new char[256];
    private static final short[] BYTES = new short[512];

    static {
        Arrays.fill(BYTES, (short) -1);
        int other = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > ' ' && b < 0x7F || b > 0xA0 && b != 0xAD;
            SYMBOLS[b] = (char) (printable ? b : other++);
            BYTES[SYMBOLS[b]] = (short) b;
        }
    }

    private ByteAlphabet() {
    }

    static char symbol(int unsignedByte) {
        return SYMBOLS[unsignedByte];
    }

    /// All characters in the order that vocabularies list them: bytes that stand for themselves come first.
    static List<String> symbols() {
        return IntStream.range(0, SYMBOLS.length).mapToObj(b -> SYMBOLS[b]).sorted().map(String::valueOf).toList();
    }

    /// The byte that a character stands for; -1 if it stands for none.
    static int unsignedByte(char symbol) {
        return symbol < BYTES.length ? BYTES[symbol] : -1;
    }
}

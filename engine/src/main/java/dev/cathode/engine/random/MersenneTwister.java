package dev.cathode.engine.random;

/// MT19937: 32 random bits at a time from a state of 624 words.
///
/// Matsumoto and Nishimura, [Mersenne Twister](https://doi.org/10.1145/272991.272995) (1998), with the initialisation
/// of 2002.
final class MersenneTwister {
    static final int WORDS = 624;
    private static final int SHIFT = 397;

    private final int[] words;
    /// The next word to hand out; 624: a new block is due.
    private int position;

    MersenneTwister(int seed) {
        words = new int[WORDS];
        words[0] = seed;
        for (int i = 1; i < WORDS; i++) {
            words[i] = 1_812_433_253 * (words[i - 1] ^ words[i - 1] >>> 30) + i;
        }
        position = WORDS;
    }

    MersenneTwister(int[] words, int position) {
        this.words = words.clone();
        this.position = position;
    }

    int[] words() {
        return words.clone();
    }

    int position() {
        return position;
    }

    int next() {
        if (position == WORDS) {
            refill();
        }
        int y = words[position++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9D2C5680;
        y ^= y << 15 & 0xEFC60000;
        return y ^ y >>> 18;
    }

    private void refill() {
        for (int i = 0; i < WORDS; i++) {
            int mixed = words[i] & 0x80000000 | words[(i + 1) % WORDS] & 0x7FFFFFFF;
            words[i] = words[(i + SHIFT) % WORDS] ^ mixed >>> 1 ^ -(mixed & 1) & 0x9908B0DF;
        }
        position = 0;
    }
}

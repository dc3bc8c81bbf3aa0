package dev.cathode.engine.random;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// PyTorch's random numbers on the CPU: what `torch.Generator().manual_seed(seed)` gives to `torch.randn`, `rand`,
/// `randint` and `randperm`.
///
/// All draws are bit-exact except for `randn`, which PyTorch computes with float32 logarithms and cosines of its own;
/// here they are computed in double and rounded, at most 1e-5 away. Draws come one after the other from one stream;
/// for [#randn] it matters how many numbers are drawn at a time.
///
/// Not safe for use by several threads at a time.
public final class TorchGenerator {
    private static final double TWO_PI = 2 * Math.PI;
    private static final int BLOCK = 16;
    /// Size of PyTorch's `Generator.get_state()`.
    private static final int STATE_BYTES = 5056;
    private static final int WORDS_AT = 24;
    private static final int NORMAL_AT = WORDS_AT + 8 * MersenneTwister.WORDS;

    private final long seed;
    private final MersenneTwister twister;
    /// Second number of the last pair drawn one by one; NaN: none. PyTorch keeps it however many other draws come
    /// between.
    private double spareNormal;

    /// @param seed all 64 bits are remembered, the lower 32 count: PyTorch seeds its Mersenne Twister with these
    public TorchGenerator(long seed) {
        this(seed, new MersenneTwister((int) seed), Double.NaN);
    }

    private TorchGenerator(long seed, MersenneTwister twister, double spareNormal) {
        this.seed = seed;
        this.twister = twister;
        this.spareNormal = spareNormal;
    }

    /// The seed this generator began with.
    public long seed() {
        return seed;
    }

    /// Standard normal numbers, as `torch.randn(count)`, or any shape of that many numbers, in row-major order.
    ///
    /// Fewer than 16 numbers are drawn pair by pair in double precision. From 16 on, uniform numbers are transformed in
    /// blocks of 16; if the count is no multiple of 16, the last 16 are drawn anew.
    public float[] randn(int count) {
        if (count < BLOCK) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) oneNormal();
            }
            return values;
        }
        float[] values = rand(count);
        for (int i = 0; i + BLOCK <= count; i += BLOCK) {
            boxMuller(values, i);
        }
        if (count % BLOCK != 0) {
            int last = count - BLOCK;
            System.arraycopy(rand(BLOCK), 0, values, last, BLOCK);
            boxMuller(values, last);
        }
        return values;
    }

    /// Uniform numbers in [0, 1), multiples of 2^-24, as `torch.rand(count)`.
    public float[] rand(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (twister.next() & 0xFFFFFF) * 0x1p-24f;
        }
        return values;
    }

    /// Uniform numbers in [0, 1), multiples of 2^-53, as `torch.rand(count, dtype=torch.float64)`.
    public double[] randDouble(int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = oneDouble();
        }
        return values;
    }

    /// Whole numbers from `low` to below `high`, as `torch.randint(low, high, (count,))`.
    public long[] randint(long low, long high, int count) {
        if (low >= high) {
            throw new IllegalArgumentException("randint needs low < high: got " + low + " and " + high);
        }
        long span = high - low;
        // As unsigned numbers: a span above 2^63 is negative here.
        boolean wide = Long.compareUnsigned(span, 1L << 28) >= 0;
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            long draw = wide ? next64() : next32();
            values[i] = low + Long.remainderUnsigned(draw, span);
        }
        return values;
    }

    /// The numbers 0 to n - 1 in random order, as `torch.randperm(n)`.
    public int[] randperm(int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        for (int i = 0; i < n - 1; i++) {
            int j = i + (int) (next32() % (n - i));
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return order;
    }

    /// The state to continue from, in the layout of PyTorch's `Generator.get_state()` (5056 bytes).
    public byte[] state() {
        ByteBuffer buffer = ByteBuffer.allocate(STATE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int position = twister.position();
        buffer.putLong(seed).putInt(MersenneTwister.WORDS + 1 - position).putInt(1)
                .putLong(position % MersenneTwister.WORDS);
        for (int word : twister.words()) {
            buffer.putLong(Integer.toUnsignedLong(word));
        }
        boolean spare = !Double.isNaN(spareNormal);
        buffer.putDouble(NORMAL_AT + 8, spare ? spareNormal : 0).putInt(NORMAL_AT + 24, spare ? 1 : 0);
        return buffer.array();
    }

    /// A generator that continues where [#state] was taken, by this class or by PyTorch.
    ///
    /// @throws IllegalArgumentException if these bytes are no such state
    public static TorchGenerator continuing(byte[] state) {
        if (state.length != STATE_BYTES) {
            throw new IllegalArgumentException("the state of a torch CPU generator has " + STATE_BYTES + " bytes, not "
                    + state.length);
        }
        ByteBuffer buffer = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
        long seed = buffer.getLong();
        int left = buffer.getInt();
        if (left < 1 || left > MersenneTwister.WORDS || buffer.getInt() != 1) {
            throw new IllegalArgumentException("not the state of a torch CPU generator: " + left + " words left");
        }
        int[] words = new int[MersenneTwister.WORDS];
        for (int i = 0; i < words.length; i++) {
            words[i] = (int) buffer.getLong(WORDS_AT + 8 * i);
        }
        double spare = buffer.getInt(NORMAL_AT + 24) != 0 ? buffer.getDouble(NORMAL_AT + 8) : Double.NaN;
        return new TorchGenerator(seed, new MersenneTwister(words, MersenneTwister.WORDS + 1 - left), spare);
    }

    private long next32() {
        return Integer.toUnsignedLong(twister.next());
    }

    private long next64() {
        long high = next32();
        return high << 32 | next32();
    }

    private double oneDouble() {
        return (next64() & (1L << 53) - 1) * 0x1p-53;
    }

    private double oneNormal() {
        if (!Double.isNaN(spareNormal)) {
            double value = spareNormal;
            spareNormal = Double.NaN;
            return value;
        }
        double angle = TWO_PI * oneDouble();
        double radius = Math.sqrt(-2 * Math.log1p(-oneDouble()));
        spareNormal = radius * Math.sin(angle);
        return radius * Math.cos(angle);
    }

    /// Box-Muller on 16 uniform numbers in place: element j pairs with j + 8.
    private static void boxMuller(float[] values, int from) {
        for (int j = from; j < from + BLOCK / 2; j++) {
            double radius = Math.sqrt(-2 * Math.log(1 - values[j]));
            double angle = TWO_PI * values[j + BLOCK / 2];
            values[j] = (float) (radius * Math.cos(angle));
            values[j + BLOCK / 2] = (float) (radius * Math.sin(angle));
        }
    }
}

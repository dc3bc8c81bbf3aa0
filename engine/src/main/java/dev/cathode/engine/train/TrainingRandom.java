package dev.cathode.engine.train;

/// The random numbers of training. Each is a pure function of the seed, what it is for, the step and the sample: there
/// is no state, so that a run that goes on from a checkpoint draws what an undisturbed one draws, and neither the
/// number of threads nor the way a step is cut into batches changes anything.
///
/// A sample is numbered by its place among the samples of its step, from 0. Numbers are made by hashing with the
/// finaliser of splitmix64 ([Steele, Lea and Flood 2014](https://doi.org/10.1145/2660193.2660195)), normal ones by
/// Box and Muller's transform with `StrictMath`: the same on every machine. They are not PyTorch's.
///
/// @param seed of all numbers
public record TrainingRandom(long seed) {
    /// What numbers are for. The order is part of the numbers: new ones come last.
    public enum Stream {
        /// The order of the samples; the step is the epoch.
        ORDER,
        /// The noise that is added to latents.
        NOISE,
        /// What is added to all the noise of a channel (`noise_offset`).
        NOISE_OFFSET,
        /// How much noise is added.
        TIMESTEP,
        /// Which captions are taken away.
        CONDITIONING_DROPOUT,
        /// The sample from the autoencoder's distribution.
        LATENT,
        /// Which sentence a new token is put into.
        TEMPLATE,
        /// Which samples are held out; the step is 0.
        SPLIT,
        /// The noise on samples held out; the step is 0, so that losses can be compared.
        VALIDATION_NOISE,
        /// How much noise is added to samples held out; the step is 0.
        VALIDATION_TIMESTEP,
        /// The sample from the autoencoder's distribution for samples held out; the step is 0.
        VALIDATION_LATENT,
        /// The noise that pictures for people begin with; the step is 0.
        SAMPLING,
        /// Weights that begin at random.
        INITIALIZATION,
        /// The order of the pictures of the class; the step is the round.
        CLASS_ORDER
    }

    private static final long WEYL = 0x9E3779B97F4A7C15L;

    /// Standard normal numbers.
    public float[] normal(Stream stream, long step, long sample, int count) {
        float[] values = new float[count];
        normal(stream, step, sample, values, 0, count);
        return values;
    }

    /// Standard normal numbers, into a part of an array. The first of them do not depend on how many there are.
    public void normal(Stream stream, long step, long sample, float[] out, int from, int count) {
        long key = key(stream, step, sample);
        for (int i = 0; i < count; i += 2) {
            double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - unit(bits(key, i))));
            double angle = 2 * Math.PI * unit(bits(key, i + 1));
            out[from + i] = (float) (radius * StrictMath.cos(angle));
            if (i + 1 < count) {
                out[from + i + 1] = (float) (radius * StrictMath.sin(angle));
            }
        }
    }

    /// A whole number from 0 to below `bound`.
    public int uniform(Stream stream, long step, long sample, int bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("a random number below " + bound + " does not exist");
        }
        return below(bits(key(stream, step, sample), 0), bound);
    }

    /// True with a probability.
    public boolean coin(Stream stream, long step, long sample, double probability) {
        return unit(bits(key(stream, step, sample), 0)) < probability;
    }

    /// The numbers 0 to `count - 1` in random order.
    public int[] permutation(Stream stream, long step, int count) {
        long key = key(stream, step, 0);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(bits(key, i), i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private long key(Stream stream, long step, long sample) {
        long key = mix(seed + WEYL);
        key = mix(key + (stream.ordinal() + 1) * WEYL);
        key = mix(key + (step + 1) * WEYL);
        return mix(key + (sample + 1) * WEYL);
    }

    /// 64 bits. The index is hashed by itself as well: sequences of different keys never run alongside each other.
    private static long bits(long key, long index) {
        return mix(key ^ mix((index + 1) * WEYL));
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /// In [0, 1), a multiple of 2^-53.
    private static double unit(long bits) {
        return (bits >>> 11) * 0x1p-53;
    }

    /// In [0, bound); no number is likelier than another by more than 2^-32 of it.
    private static int below(long bits, int bound) {
        return (int) Math.unsignedMultiplyHigh(bits, bound);
    }
}

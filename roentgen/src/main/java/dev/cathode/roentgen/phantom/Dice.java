package dev.cathode.roentgen.phantom;

import java.util.List;
import java.util.SplittableRandom;

/// Random choices that depend on nothing but the numbers they were begun with.
public final class Dice {
    private final SplittableRandom random;

    private Dice(long seed) {
        random = new SplittableRandom(seed);
    }

    /// Dice for one purpose. Other numbers give dice that have nothing to do with these.
    public static Dice of(long... numbers) {
        return new Dice(mix(numbers));
    }

    /// One number out of many, by the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    public static long mix(long... numbers) {
        long hash = 0x9e3779b97f4a7c15L;
        for (long number : numbers) {
            hash = (hash ^ number) + 0x9e3779b97f4a7c15L;
            hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
            hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
            hash ^= hash >>> 31;
        }
        return hash;
    }

    /// Evenly from `low` to `high`.
    public double between(double low, double high) {
        return low + (high - low) * random.nextDouble();
    }

    /// A whole number from `low` to `high`, both included.
    public int whole(int low, int high) {
        return random.nextInt(low, high + 1);
    }

    /// Whether something of this probability happens.
    public boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    /// Around `mean`, like a bell, never further than three times `deviation`.
    public double around(double mean, double deviation) {
        double sum = 0;
        for (int i = 0; i < 3; i++) { // three evenly spread numbers: variance 3/12, bounds -1.5 to 1.5
            sum += random.nextDouble() - 0.5;
        }
        return mean + 2 * deviation * sum;
    }

    /// One of several.
    @SafeVarargs
    public final <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /// One of several.
    public <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /// Any 64 bits.
    public long bits() {
        return random.nextLong();
    }
}

package dev.cathode.engine.train;

import java.util.Arrays;

/// In which order training sees the samples: all of them once an epoch, shuffled anew for each, the last step of an
/// epoch with what is left. A pure function of the seed, so that a run can go on at any step.
///
/// May be used by several threads at a time.
public final class SampleOrder {
    /// A place between two steps.
    ///
    /// @param epoch from 0
    /// @param offset samples of the epoch that were seen
    public record Position(long epoch, int offset) {
        /// Where training begins.
        public static final Position START = new Position(0, 0);

        public Position {
            if (epoch < 0 || offset < 0) {
                throw new IllegalArgumentException("a position cannot be negative: epoch " + epoch + ", offset "
                        + offset);
            }
        }
    }

    private record Shuffled(long epoch, int[] order) {
    }

    private final TrainingRandom random;
    private final int samples;
    private final int samplesPerStep;
    /// The epoch asked for last: shuffling 200,000 samples for each step would take its time.
    private volatile Shuffled last = new Shuffled(-1, new int[0]);

    /// @param samples of the data set, at least one
    /// @param samplesPerStep of an optimizer step
    public SampleOrder(TrainingRandom random, int samples, int samplesPerStep) {
        if (samples < 1 || samplesPerStep < 1) {
            throw new IllegalArgumentException("at least one sample and one sample a step are needed: " + samples
                    + " and " + samplesPerStep);
        }
        this.random = random;
        this.samples = samples;
        this.samplesPerStep = samplesPerStep;
    }

    /// Samples of the data set.
    public int samples() {
        return samples;
    }

    /// Samples of an optimizer step, except for the last of an epoch.
    public int samplesPerStep() {
        return samplesPerStep;
    }

    /// Optimizer steps of an epoch.
    public int stepsPerEpoch() {
        return Math.ceilDiv(samples, samplesPerStep);
    }

    /// Where a step begins.
    ///
    /// @param step from 0
    public Position position(long step) {
        return new Position(step / stepsPerEpoch(), (int) (step % stepsPerEpoch()) * samplesPerStep);
    }

    /// The step that begins at a position.
    ///
    /// @throws IllegalArgumentException if none does: the data set or the batch had another size
    public long step(Position position) {
        if (position.offset >= samples || position.offset % samplesPerStep != 0) {
            throw new IllegalArgumentException("no step begins at sample " + position.offset + " of " + samples
                    + " with " + samplesPerStep + " samples a step: the data set or the batch size has changed");
        }
        return position.epoch * stepsPerEpoch() + position.offset / samplesPerStep;
    }

    /// The samples of a step.
    public int[] indices(long step) {
        Position position = position(step);
        Shuffled shuffled = last;
        if (shuffled.epoch != position.epoch) {
            shuffled = new Shuffled(position.epoch,
                    random.permutation(TrainingRandom.Stream.ORDER, position.epoch, samples));
            last = shuffled;
        }
        return Arrays.copyOfRange(shuffled.order, position.offset,
                (int) Math.min(samples, (long) position.offset + samplesPerStep));
    }
}

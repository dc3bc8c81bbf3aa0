package dev.cathode.engine.train;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/// Reads samples in background threads, a bounded number ahead, and hands them out in the order of training whatever
/// the number of threads.
///
/// One thread at a time may ask for batches.
///
/// @param <T> what a sample is read into
public final class DataLoader<T> implements AutoCloseable {
    /// Reads one sample; called by several threads at once.
    @FunctionalInterface
    public interface Reader<T> {
        /// @param index of the sample in the data set
        /// @throws IOException if it cannot be read; the message names the file
        T read(int index) throws IOException;
    }

    /// Samples that go through the networks together.
    ///
    /// @param step the optimizer step they belong to
    /// @param first the place of the first among the samples of the step
    /// @param ofStep how many samples the step has: their losses are averaged over these
    /// @param indices their numbers in the data set
    /// @param samples what was read
    public record Batch<T>(long step, int first, int ofStep, List<Integer> indices, List<T> samples) {
        /// Whether the step is complete with this batch.
        public boolean endsStep() {
            return first + samples.size() == ofStep;
        }
    }

    /// @param readers threads that read; 0: the thread that asks does
    /// @param ahead batches that may be read before they are asked for
    public record Options(int readers, int ahead) {
        public Options {
            if (readers < 0 || ahead < 1) {
                throw new IllegalArgumentException("0 or more readers and at least 1 batch ahead are needed: " + readers
                        + " and " + ahead);
            }
        }
    }

    private record Pending<T>(long step, int first, int ofStep, int[] indices, List<FutureTask<T>> samples) {
    }

    private static final long PATIENCE_SECONDS = 10;

    private final SampleOrder order;
    private final int batchSize;
    private final long endStep;
    private final int ahead;
    private final Reader<T> reader;
    private final Optional<ExecutorService> pool;
    private final ArrayDeque<Pending<T>> pending = new ArrayDeque<>();
    /// What is to be asked for next: a step and the place among its samples.
    private long step;
    private int first;
    private long waitedNanos;

    /// @param batchSize samples that go through the networks together
    /// @param startStep the first step to read for
    /// @param endStep the step not to read for any more
    public DataLoader(SampleOrder order, int batchSize, long startStep, long endStep, Options options,
            Reader<T> reader) {
        if (batchSize < 1 || startStep < 0) {
            throw new IllegalArgumentException("a batch has at least one sample, a step is 0 or more: " + batchSize
                    + " and " + startStep);
        }
        this.order = order;
        this.batchSize = batchSize;
        this.step = startStep;
        this.endStep = endStep;
        this.ahead = options.ahead;
        this.reader = reader;
        this.pool = options.readers == 0 ? Optional.empty() : Optional.of(Executors.newFixedThreadPool(options.readers,
                Thread.ofPlatform().name("data-", 0).daemon().factory()));
    }

    /// Whether there is another batch.
    public boolean hasNext() {
        return !pending.isEmpty() || step < endStep;
    }

    /// The next batch; waits for it. Readers begin with those after it.
    ///
    /// @throws IOException if one of its samples could not be read
    /// @throws InterruptedException if the thread was interrupted while it waited
    public Batch<T> next() throws IOException, InterruptedException {
        readAhead();
        Pending<T> batch = pending.poll();
        if (batch == null) {
            throw new NoSuchElementException("there are no batches after step " + endStep);
        }
        readAhead();
        List<T> samples = new ArrayList<>();
        long before = System.nanoTime();
        try {
            for (FutureTask<T> sample : batch.samples) {
                if (pool.isEmpty()) {
                    sample.run();
                }
                samples.add(sample.get());
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } finally {
            waitedNanos += System.nanoTime() - before;
        }
        return new Batch<>(batch.step, batch.first, batch.ofStep, Arrays.stream(batch.indices).boxed().toList(),
                List.copyOf(samples));
    }

    /// How long all calls of [#next] together had to wait for samples.
    public double waitedSeconds() {
        return waitedNanos * 1e-9;
    }

    /// Lets the readers go: interrupts them and waits until they have noticed, at most 10 seconds.
    @Override
    public void close() {
        pending.clear();
        pool.ifPresent(readers -> {
            readers.shutdownNow();
            try {
                readers.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void readAhead() {
        while (pending.size() < ahead && step < endStep) {
            int[] ofStep = order.indices(step);
            int[] indices = Arrays.copyOfRange(ofStep, first, Math.min(ofStep.length, first + batchSize));
            List<FutureTask<T>> samples = Arrays.stream(indices)
                    .mapToObj(index -> new FutureTask<>(() -> reader.read(index))).toList();
            pool.ifPresent(readers -> samples.forEach(readers::execute));
            pending.add(new Pending<>(step, first, ofStep.length, indices, samples));
            first += indices.length;
            if (first == ofStep.length) {
                first = 0;
                step++;
            }
        }
    }

    private static IOException failure(Throwable cause) {
        return switch (cause) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            // Made anew: the trace shows who waited, the cause who read.
            default -> new IOException(cause.getMessage(), cause);
        };
    }
}

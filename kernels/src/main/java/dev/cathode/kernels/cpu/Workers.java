package dev.cathode.kernels.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// A fixed pool of platform threads that runs one parallel loop after the other.
///
/// A kernel splits its work into tasks whose borders do not depend on the number of threads, so results are the same
/// bytes for every thread count. Idle workers spin for a moment, because the next kernel usually starts within
/// microseconds, and park after that.
public final class Workers implements AutoCloseable {
    /// One task of a parallel loop.
    @FunctionalInterface
    public interface Task {
        /// Runs task `index`; `worker` (0 to [#threads()] - 1) is the same for all tasks of one thread at a time, and
        /// selects that thread's scratch memory.
        void run(int index, int worker);
    }

    private static final int SPINS = 20_000;

    private final Thread[] helpers;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private volatile Task task;
    private int tasks;
    private volatile int round;
    private volatile boolean closed;
    private volatile Throwable failure;

    /// A pool of `threads` threads in all; the thread that calls [#run] is one of them.
    public Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("cathode-worker-" + worker).start(() -> help(worker));
        }
    }

    /// How many threads work on a loop, the caller included.
    public int threads() {
        return helpers.length + 1;
    }

    /// Runs tasks 0 to `tasks` - 1 and returns when all are done. Loops do not nest.
    ///
    /// @throws RuntimeException or [Error], what the first task that failed threw; the remaining tasks are dropped
    public synchronized void run(int tasks, Task task) {
        if (closed) {
            throw new IllegalStateException("these workers are closed");
        }
        if (helpers.length == 0 || tasks <= 1) {
            for (int i = 0; i < tasks; i++) {
                task.run(i, 0);
            }
            return;
        }
        this.tasks = tasks;
        this.task = task;
        failure = null;
        next.set(0);
        running.set(helpers.length);
        round++; // publishes the fields above
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        work(0);
        for (int spins = 0; running.get() != 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield(); // the helper we wait for may want this processor
            }
        }
        this.task = null;
        switch (failure) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    private void work(int worker) {
        try {
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
                task.run(i, worker);
            }
        } catch (Throwable e) {
            failure = e;
            next.set(tasks);
        }
    }

    private void help(int worker) {
        int seen = 0;
        while (true) {
            int spins = 0;
            while (round == seen && !closed) {
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen++; // the caller waits for every helper, so no round is ever skipped
            work(worker);
            running.decrementAndGet();
        }
    }

    /// Ends the threads; the caller must have no loop running.
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}

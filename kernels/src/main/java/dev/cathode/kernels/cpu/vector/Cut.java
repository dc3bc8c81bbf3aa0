package dev.cathode.kernels.cpu.vector;

/// How a product is cut into tasks: so many rows by so many panels each. No byte depends on it, only time.
///
/// @param rows of a task, a multiple of [MicroKernel#ROWS]
/// @param panels of a task
record Cut(int rows, int panels) {
    /// Fewer rows are not worth a task of their own, if there are more.
    private static final int FEWEST_ROWS = 48;
    private static final int TILE_ROWS = 6;
    /// What a tile takes beside its terms, in terms.
    private static final int TILE = 5;
    /// What it takes to bring a panel of weights for another block of rows, in tiles; most of it is hidden.
    private static final double PANEL = 1;
    /// What it takes to bring or to round a number of a row, in terms of a tile.
    private static final double NUMBER = 0.02;
    /// Tasks of each thread from which on nobody waits long at the end.
    private static final int MANY = 32;
    /// Groups for each thread beyond the fewest that are looked at.
    private static final int MORE_GROUPS = 3;

    /// A product to be cut.
    ///
    /// @param rows in all
    /// @param panels in all, each with as many halves
    /// @param halves 1, or 2 if gated
    /// @param depth terms of a sum
    /// @param numbers of a row of the input
    /// @param mostRows of a task
    /// @param mostPanels of a task
    record Work(int rows, int panels, int halves, long depth, long numbers, int mostRows, int mostPanels) { }

    /// The cut of one product for one number of threads after the other, remembered.
    static final class Choice {
        private record Made(int threads, Cut cut) { }

        private final Work work;
        private final Cut fixed;
        private volatile Made last;

        /// @param fixed the cut for all numbers of threads, or null for the best
        Choice(Work work, Cut fixed) {
            this.work = work;
            this.fixed = fixed;
        }

        Cut of(int threads) {
            if (fixed != null) {
                return fixed;
            }
            Made made = last;
            if (made == null || made.threads != threads) {
                made = new Made(threads, Cut.of(work, threads));
                last = made;
            }
            return made.cut;
        }
    }

    /// The cut that should take least: tasks in equal numbers for all threads, as large as they can be otherwise.
    static Cut of(Work work, int threads) {
        Cut best = null;
        double least = Double.POSITIVE_INFINITY;
        int most = Math.min(work.mostRows, MicroKernel.roundUp(work.rows));
        int fewestGroups = Math.ceilDiv(work.panels, work.mostPanels);
        int mostGroups = Math.min(work.panels, fewestGroups + MORE_GROUPS * threads);
        for (int rows = most; rows > 0 && (rows == most || rows >= FEWEST_ROWS); rows -= MicroKernel.ROWS) {
            for (int groups = fewestGroups; groups <= mostGroups; groups++) {
                Cut cut = new Cut(rows, Math.ceilDiv(work.panels, groups));
                double time = cut.time(work, threads);
                if (time < least) {
                    least = time;
                    best = cut;
                }
            }
        }
        return best;
    }

    /// How long this takes, in terms of a tile: until the last thread is through if each takes the next task in turn.
    private double time(Work work, int threads) {
        int rowBlocks = Math.ceilDiv(work.rows, rows);
        int tasks = rowBlocks * Math.ceilDiv(work.panels, panels);
        if (threads == 1 || tasks > MANY * threads) { // the end does not count
            return (task(work, rows, panels) * work.rows / rows * work.panels / panels) / threads;
        }
        double[] busy = new double[threads];
        for (int i = 0; i < tasks; i++) {
            int idle = 0;
            for (int thread = 1; thread < threads; thread++) {
                idle = busy[thread] < busy[idle] ? thread : idle;
            }
            busy[idle] += task(work, Math.min(rows, work.rows - i % rowBlocks * rows),
                    Math.min(panels, work.panels - i / rowBlocks * panels));
        }
        double last = 0;
        for (double time : busy) {
            last = Math.max(last, time);
        }
        return last;
    }

    private static double task(Work work, int rows, int panels) {
        double tiles = Math.ceilDiv(rows, TILE_ROWS);
        return panels * work.halves * (tiles * (work.depth + TILE) + PANEL * work.depth) + rows * NUMBER * work.numbers;
    }
}

package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// How many blocks run a kernel.
final class Grids {
    /// Threads of a block, where nothing else speaks for another number.
    static final int THREADS = 256;

    /// Blocks of [#THREADS] threads that a multiprocessor of 2048 threads holds.
    private static final int RESIDENT = 8;

    private Grids() { }

    /// A grid whose threads stride over `count` numbers, `each` at a time: as many blocks as there is work for, up to
    /// four times what the device holds at once.
    static Geometry strided(KernelLauncher launcher, long count, int each) {
        long work = Math.ceilDiv(count, (long) each * THREADS);
        return Geometry.line(Math.clamp(work, 1, 4L * RESIDENT * launcher.limits().multiprocessors()), THREADS, 0);
    }

    /// Numbers in 16 bytes.
    static int lanes(Element element) {
        return 16 / element.bytes();
    }

    /// 1 if rows of `columns` numbers at these addresses (joined by `|`) can be accessed 16 bytes at a time, else 0.
    static int wide(Element element, long columns, long addresses) {
        return addresses % 16 == 0 && columns % lanes(element) == 0 ? 1 : 0;
    }
}

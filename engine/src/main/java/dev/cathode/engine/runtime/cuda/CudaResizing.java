package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cuda.CudaResample;
import dev.cathode.kernels.cuda.ResampleTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How images of a shape get another size: by a table for rows and one for columns, or without any to exactly twice the
/// size.
///
/// @param image `[N, H, W, C]`
/// @param rows null if there are no tables
/// @param columns null if there are no tables
record CudaResizing(CudaResample kernels, Shape image, ResampleTable rows, ResampleTable columns) {
    /// By nearest neighbours.
    static CudaResizing nearest(CudaResample kernels, Shape image, int height, int width) {
        boolean twice = height == 2 * image.dim(1) && width == 2 * image.dim(2);
        return twice ? new CudaResizing(kernels, image, null, null)
                : new CudaResizing(kernels, image, ResampleTable.nearest(image.dim(1), height),
                        ResampleTable.nearest(image.dim(2), width));
    }

    /// Bytes of the tables.
    long tableBytes() {
        return rows == null ? 0 : bytes(rows) + bytes(columns);
    }

    private static long bytes(ResampleTable table) {
        return Scratch.align(4L * table.first().length) + Scratch.align(4L * table.weights().length);
    }

    Runnable bind(Addresses a, long x, long y) {
        int batch = image.dim(0), height = image.dim(1), width = image.dim(2), channels = image.dim(3);
        if (rows == null) {
            return () -> kernels.upsample(x, y, batch, height, width, channels);
        }
        CudaResample.Table down = table(a, rows), across = table(a, columns);
        return () -> kernels.resample(x, y, down, across, batch, height, width, channels);
    }

    private static CudaResample.Table table(Addresses a, ResampleTable table) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first = arena.allocateFrom(ValueLayout.JAVA_INT, table.first());
            MemorySegment weights = arena.allocateFrom(ValueLayout.JAVA_FLOAT, table.weights());
            return new CudaResample.Table(a.table(first), a.table(weights), table.taps(), table.first().length);
        }
    }
}

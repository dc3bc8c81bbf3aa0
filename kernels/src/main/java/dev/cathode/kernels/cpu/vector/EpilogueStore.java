package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.Epilogue;
import java.lang.foreign.MemorySegment;

/// How sums come to the output: biases, activation or gate, residual, and a store that writes the columns that exist
/// and not one float more. Most sums go from registers to the output; those that need more wait in a scratch tile, in
/// the cache.
///
/// @param epilogue what to do
/// @param panels the columns
/// @param passes the loops
record EpilogueStore(Epilogue epilogue, Panels panels, Passes passes) {
    static {
        CompilerDirectives.install();
    }

    /// Bytes of the prepared biases of one panel and its gate.
    static long scratchBytes() {
        return 2L * MicroKernel.COLUMNS * Float.BYTES;
    }

    /// A product that gives the sums of one panel of a block, of the first or of the second half.
    @FunctionalInterface
    interface Product {
        /// @param sums where they wait, if they must
        /// @param ending what to do with them then
        void run(int half, long sums, Ending ending);
    }

    /// The last part of a product, and what follows it: straight to the output where a panel has no columns of padding
    /// and nothing but sums to do.
    ///
    /// @param sums scratch memory for the panel's sums, `[rows][width]`; in it those so far, if any
    /// @param gates the same for the second half if gated
    /// @param row the first output pixel over all images
    /// @param outPixels of an image
    /// @param scratch memory for biases, [#scratchBytes]
    void finish(Convolution.Arguments arguments, int panel, long sums, long gates, int row, int rows, int outPixels,
                long scratch, Product product) {
        int image = row / outPixels;
        if (!epilogue.sampleBias() || image == (row + rows - 1) / outPixels) {
            product.run(0, sums, ending(arguments, panel, 0, sums, row, image, scratch));
            if (epilogue.gated()) {
                product.run(1, gates, ending(arguments, panel, 1, gates, row, image, scratch));
            }
            store(arguments, panel, sums, gates, rows, row);
            return;
        }
        continueWith(panel, sums, gates, product);
        long width = (long) panels.width(panel) * Float.BYTES;
        int vectors = panels.vectors(panel);
        int done = 0;
        while (done < rows) { // each image has biases of its own
            image = (row + done) / outPixels;
            int count = Math.min(rows, (image + 1) * outPixels - row) - done;
            long from = sums + done * width;
            long gate = gates + done * width;
            ending(arguments, panel, 0, from, row + done, image, scratch).apply(passes, from, vectors, count);
            if (epilogue.gated()) {
                ending(arguments, panel, 1, gate, row + done, image, scratch).apply(passes, gate, vectors, count);
            }
            store(arguments, panel, from, gate, count, row + done);
            done += count;
        }
    }

    /// A part of a product that is not the last: sums stay.
    void continueWith(int panel, long sums, long gates, Product product) {
        long width = (long) panels.width(panel) * Float.BYTES;
        product.run(0, sums, Ending.stay(sums, width));
        if (epilogue.gated()) {
            product.run(1, gates, Ending.stay(gates, width));
        }
    }

    /// Whether sums of a panel go from registers to the output.
    private boolean straight(int panel) {
        return !epilogue.gated() && epilogue.activation() == Activation.NONE
                && panels.valid(panel) == panels.width(panel);
    }

    /// Sums with their biases, in the output or back where they wait.
    private Ending ending(Convolution.Arguments arguments, int panel, int half, long sums, long pixel, int image,
                          long scratch) {
        long bias = bias(arguments, panel, half, image, scratch + (long) half * MicroKernel.COLUMNS * Float.BYTES);
        if (!straight(panel)) {
            return new Ending(sums, (long) panels.width(panel) * Float.BYTES, bias, 0, 0);
        }
        long residual = epilogue.residual() ? residual(arguments, panel, pixel) : 0;
        return new Ending(output(arguments, panel, pixel), (long) arguments.outputStride() * Float.BYTES, bias,
                residual, (long) arguments.residualStride() * Float.BYTES);
    }

    private long output(Convolution.Arguments arguments, int panel, long pixel) {
        return arguments.output() + (pixel * arguments.outputStride() + panels.start(panel)) * Float.BYTES;
    }

    private long residual(Convolution.Arguments arguments, int panel, long pixel) {
        return arguments.residual() + (pixel * arguments.residualStride() + panels.start(panel)) * Float.BYTES;
    }

    /// Prepares the biases of a panel (and of its gate) for one image: `scratch` is what [#storePatch] adds.
    void prepare(Convolution.Arguments arguments, int panel, int image, long scratch) {
        for (int half = 0; half < panels.halves(); half++) {
            long to = scratch + (long) half * MicroKernel.COLUMNS * Float.BYTES;
            long bias = bias(arguments, panel, half, image, to);
            long bytes = (long) panels.width(panel) * Float.BYTES;
            if (bias == 0) {
                ALL.asSlice(to, bytes).fill((byte) 0);
            } else if (bias != to) {
                MemorySegment.copy(ALL, bias, ALL, to, bytes);
            }
        }
    }

    /// bias + sampleBias of a panel's columns: as many numbers as it is wide, where they lie or in `scratch`; 0 if
    /// there are none.
    private long bias(Convolution.Arguments arguments, int panel, int half, int image, long scratch) {
        int column = half * panels.columns() + panels.start(panel);
        long outChannels = (long) panels.columns() * panels.halves();
        long bias = arguments.bias() + column * 4L;
        long sample = arguments.sampleBias() + (image * outChannels + column) * 4L;
        if (!epilogue.bias() && !epilogue.sampleBias()) {
            return 0;
        }
        int valid = panels.valid(panel);
        if (valid < panels.width(panel)) {
            return padded(bias, sample, valid, panels.width(panel), scratch);
        }
        if (epilogue.bias() && epilogue.sampleBias()) {
            passes.add(bias, 0, sample, 0, 0, scratch, 0, 1, valid);
            return scratch;
        }
        return epilogue.bias() ? bias : sample;
    }

    /// The same with zeros behind the columns that exist.
    private long padded(long bias, long sample, int valid, int width, long scratch) {
        for (int i = 0; i < width; i++) {
            float sum = i < valid && epilogue.bias() ? ALL.get(JAVA_FLOAT_UNALIGNED, bias + i * 4L) : 0;
            if (i < valid && epilogue.sampleBias()) {
                sum += ALL.get(JAVA_FLOAT_UNALIGNED, sample + i * 4L);
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, scratch + i * 4L, sum);
        }
        return scratch;
    }

    /// What is left to do with `count` rows of sums that have their biases.
    private void store(Convolution.Arguments arguments, int panel, long sums, long gates, int count, long pixel) {
        if (straight(panel)) {
            return;
        }
        int width = panels.width(panel);
        if (!epilogue.gated()) {
            passes.activate(epilogue.activation(), sums, (long) count * width);
        } else if (epilogue.residual() || panels.valid(panel) < width) {
            passes.gate(sums, gates, sums, (long) width * Float.BYTES, count, width);
        } else {
            passes.gate(sums, gates, output(arguments, panel, pixel), (long) arguments.outputStride() * Float.BYTES,
                    count, width);
            return;
        }
        copy(arguments, panel, sums, count, pixel, 0);
    }

    /// Stores a patch of `rows × count` output pixels from sums `[side, side, width]`.
    void storePatch(Convolution.Arguments arguments, int panel, long sums, long gates, int side, int rows, int count,
                    long pixel, int outWidth, long scratch) {
        activate(sums, gates, side * side, panels.vectors(panel), scratch);
        boolean biased = !epilogue.gated() && epilogue.activation() == Activation.NONE
                && (epilogue.bias() || epilogue.sampleBias());
        long rowBytes = (long) side * panels.width(panel) * Float.BYTES;
        for (int y = 0; y < rows; y++) {
            copy(arguments, panel, sums + y * rowBytes, count, pixel + (long) y * outWidth, biased ? scratch : 0);
        }
    }

    /// Bias and activation, or gate, in place; nothing if the bias can wait for [#copy].
    private void activate(long sums, long gates, int count, int vectors, long scratch) {
        if (epilogue.gated()) {
            addBias(sums, scratch, count, vectors);
            addBias(gates, scratch + (long) MicroKernel.COLUMNS * Float.BYTES, count, vectors);
            passes.gate(sums, gates, sums, (long) vectors * LANES * Float.BYTES, count, vectors * LANES);
        } else if (epilogue.activation() != Activation.NONE) {
            addBias(sums, scratch, count, vectors);
            passes.activate(epilogue.activation(), sums, (long) count * vectors * LANES);
        }
    }

    private void addBias(long sums, long bias, int rows, int vectors) {
        long step = (long) vectors * LANES * Float.BYTES;
        passes.add(sums, step, bias, 0, 0, sums, step, rows, vectors * LANES);
    }

    /// @param bias address of the biases that are still to be added, or 0
    private void copy(Convolution.Arguments arguments, int panel, long sums, int count, long pixel, long bias) {
        long out = output(arguments, panel, pixel);
        long outStep = (long) arguments.outputStride() * Float.BYTES;
        long residual = epilogue.residual() ? residual(arguments, panel, pixel) : 0;
        long residualStep = epilogue.residual() ? (long) arguments.residualStride() * Float.BYTES : 0;
        long sumStep = (long) panels.width(panel) * Float.BYTES;
        int valid = panels.valid(panel);
        int whole = valid - valid % LANES;
        passes.add(sums, sumStep, bias, residual, residualStep, out, outStep, count, whole);
        for (int i = 0; whole < valid && i < count; i++) {
            rest(sums + i * sumStep, bias, residual + i * residualStep, out + i * outStep, whole, valid);
        }
    }

    /// The columns of a row that fill no vector, one by one, since masks are slow or read too far on some machines.
    private static void rest(long sums, long bias, long residual, long out, int from, int valid) {
        for (int i = from; i < valid; i++) {
            float y = ALL.get(JAVA_FLOAT_UNALIGNED, sums + i * 4L);
            y += bias == 0 ? 0 : ALL.get(JAVA_FLOAT_UNALIGNED, bias + i * 4L);
            y += residual == 0 ? 0 : ALL.get(JAVA_FLOAT_UNALIGNED, residual + i * 4L);
            ALL.set(JAVA_FLOAT_UNALIGNED, out + i * 4L, y);
        }
    }
}

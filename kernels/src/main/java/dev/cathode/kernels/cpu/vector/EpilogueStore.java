package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.Epilogue;

/// Carries sums from a scratch tile, still in the cache, to the output: biases, activation or gate, residual, and a
/// store that writes the columns that exist and not one float more.
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

    /// Prepares the biases of a panel (and of its gate) for one image: `scratch` is what [#store] adds.
    void prepare(Convolution.Arguments arguments, int panel, int image, long scratch) {
        biases(arguments, panels.start(panel), panel, image, scratch);
        if (epilogue.gated()) {
            biases(arguments, panels.columns() + panels.start(panel), panel, image,
                    scratch + (long) MicroKernel.COLUMNS * Float.BYTES);
        }
    }

    /// bias + sampleBias of the columns from `column`, zeros where there is none.
    private void biases(Convolution.Arguments arguments, int column, int panel, int image, long scratch) {
        int valid = panels.valid(panel);
        long outChannels = (long) panels.columns() * panels.halves();
        for (int i = 0; i < panels.width(panel); i++) {
            float sum = 0;
            if (i < valid && epilogue.bias()) {
                sum += ALL.get(JAVA_FLOAT_UNALIGNED, arguments.bias() + (column + i) * 4L);
            }
            if (i < valid && epilogue.sampleBias()) {
                sum += ALL.get(JAVA_FLOAT_UNALIGNED, arguments.sampleBias() + (image * outChannels + column + i) * 4L);
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, scratch + i * 4L, sum);
        }
    }

    /// Stores `count` consecutive output pixels from sums `[count, width]`, which are overwritten. `gates` are those of
    /// the second half if gated, `pixel` is the index of the first pixel over all images, `scratch` what [#prepare] made.
    void store(Convolution.Arguments arguments, int panel, long sums, long gates, int count, long pixel,
               long scratch) {
        activate(sums, gates, count, panels.vectors(panel), scratch);
        copy(arguments, panel, sums, count, pixel, scratch);
    }

    /// Stores a patch of `rows × count` output pixels from sums `[side, side, width]`.
    void storePatch(Convolution.Arguments arguments, int panel, long sums, long gates, int side, int rows, int count,
                    long pixel, int outWidth, long scratch) {
        activate(sums, gates, side * side, panels.vectors(panel), scratch);
        long rowBytes = (long) side * panels.width(panel) * Float.BYTES;
        for (int y = 0; y < rows; y++) {
            copy(arguments, panel, sums + y * rowBytes, count, pixel + (long) y * outWidth, scratch);
        }
    }

    /// Bias and activation, or gate, in place; nothing if the bias can wait for [#copy].
    private void activate(long sums, long gates, int count, int vectors, long scratch) {
        if (epilogue.gated()) {
            addBias(sums, scratch, count, vectors);
            addBias(gates, scratch + (long) MicroKernel.COLUMNS * Float.BYTES, count, vectors);
            passes.gate(sums, gates, (long) count * vectors * LANES);
        } else if (epilogue.activation() != Activation.NONE) {
            addBias(sums, scratch, count, vectors);
            passes.activate(epilogue.activation(), sums, (long) count * vectors * LANES);
        }
    }

    private void addBias(long sums, long bias, int rows, int vectors) {
        long step = (long) vectors * LANES * Float.BYTES;
        passes.add(sums, step, bias, 0, 0, sums, step, rows, vectors * LANES);
    }

    private void copy(Convolution.Arguments arguments, int panel, long sums, int count, long pixel, long scratch) {
        boolean biased = !epilogue.gated() && epilogue.activation() == Activation.NONE
                && (epilogue.bias() || epilogue.sampleBias());
        long bias = biased ? scratch : 0;
        int start = panels.start(panel);
        long out = arguments.output() + (pixel * arguments.outputStride() + start) * Float.BYTES;
        long outStep = (long) arguments.outputStride() * Float.BYTES;
        long residual = epilogue.residual()
                ? arguments.residual() + (pixel * arguments.residualStride() + start) * Float.BYTES : 0;
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

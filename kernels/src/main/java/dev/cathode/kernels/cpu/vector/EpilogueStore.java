package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.Epilogue;
import jdk.incubator.vector.FloatVector;

/// Carries sums from a scratch tile, still in the cache, to the output: biases, activation or gate, residual, and a
/// store that writes the columns that exist and not one float more.
///
/// @param epilogue what to do
/// @param panels the columns
record EpilogueStore(Epilogue epilogue, Panels panels) {
    static {
        CompilerDirectives.install();
    }

    private static final int V = LANES * Float.BYTES;

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
            Activations.gate(sums, gates, (long) count * vectors * V);
        } else if (epilogue.activation() != Activation.NONE) {
            addBias(sums, scratch, count, vectors);
            Activations.inPlace(epilogue.activation(), sums, (long) count * vectors * V);
        }
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
        int valid = panels.valid(panel);
        if (valid == 4 * LANES) {
            copy4(sums, bias, residual, residualStep, out, outStep, count);
            return;
        }
        long sumStep = (long) panels.vectors(panel) * V;
        for (int i = 0; i < count; i++) {
            copyRow(sums + i * sumStep, bias, residual + i * residualStep, out + i * outStep, valid);
        }
    }

    private static void addBias(long sums, long bias, int rows, int vectors) {
        for (int v = 0; v < vectors; v++) {
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, bias + (long) v * V, LE);
            long at = sums + (long) v * V;
            for (int i = 0; i < rows; i++) {
                FloatVector.fromMemorySegment(SPECIES, ALL, at, LE).add(b).intoMemorySegment(ALL, at, LE);
                at += (long) vectors * V;
            }
        }
    }

    /// Four vectors a row: the sums plus bias plus residual, whichever there is (address 0: none).
    private static void copy4(long sums, long bias, long residual, long residualStep, long out, long outStep,
                              int rows) {
        if (residual != 0) {
            for (int i = 0; i < rows; i++) {
                long r = residual + i * residualStep;
                long c = sums + (long) i * 4 * V;
                long y = out + i * outStep;
                add(c, bias, 0).add(load(r)).intoMemorySegment(ALL, y, LE);
                add(c, bias, V).add(load(r + V)).intoMemorySegment(ALL, y + V, LE);
                add(c, bias, 2 * V).add(load(r + 2 * V)).intoMemorySegment(ALL, y + 2 * V, LE);
                add(c, bias, 3 * V).add(load(r + 3 * V)).intoMemorySegment(ALL, y + 3 * V, LE);
            }
        } else {
            for (int i = 0; i < rows; i++) {
                long c = sums + (long) i * 4 * V;
                long y = out + i * outStep;
                add(c, bias, 0).intoMemorySegment(ALL, y, LE);
                add(c, bias, V).intoMemorySegment(ALL, y + V, LE);
                add(c, bias, 2 * V).intoMemorySegment(ALL, y + 2 * V, LE);
                add(c, bias, 3 * V).intoMemorySegment(ALL, y + 3 * V, LE);
            }
        }
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, ALL, address, LE);
    }

    private static FloatVector add(long sums, long bias, int at) {
        FloatVector c = load(sums + at);
        return bias == 0 ? c : c.add(load(bias + at));
    }

    /// One row: whole vectors, then single numbers, since masks are slow or read too far on some machines.
    private static void copyRow(long sums, long bias, long residual, long out, int valid) {
        int whole = valid / LANES * LANES;
        for (int i = 0; i < whole; i += LANES) {
            FloatVector y = load(sums + i * 4L);
            y = bias == 0 ? y : y.add(load(bias + i * 4L));
            y = residual == 0 ? y : y.add(load(residual + i * 4L));
            y.intoMemorySegment(ALL, out + i * 4L, LE);
        }
        for (int i = whole; i < valid; i++) {
            float y = ALL.get(JAVA_FLOAT_UNALIGNED, sums + i * 4L);
            y += bias == 0 ? 0 : ALL.get(JAVA_FLOAT_UNALIGNED, bias + i * 4L);
            y += residual == 0 ? 0 : ALL.get(JAVA_FLOAT_UNALIGNED, residual + i * 4L);
            ALL.set(JAVA_FLOAT_UNALIGNED, out + i * 4L, y);
        }
    }
}

package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.Element;
import java.util.Map;
import java.util.TreeMap;

/// A convolution, or a gradient of one. Images are NHWC, weights `[outputs, kernel rows, kernel columns, inputs]`, sums
/// float32.
///
/// @param work what to compute
/// @param batch images
/// @param inputs channels of the input
/// @param height of the input
/// @param width of the input
/// @param outputs channels of the output
/// @param rows how the kernel goes down the image
/// @param columns how it goes across
/// @param element of all tensors
/// @param epilogue what a forward convolution does to its sums
/// @param tf32 whether float32 factors may be rounded to TF32 (10 bits of mantissa)
public record ConvolutionTask(Work work, long batch, long inputs, long height, long width, long outputs, Axis rows,
                              Axis columns, Element element, Epilogue epilogue, boolean tf32) {
    /// What to compute.
    public enum Work {
        /// `OUTPUT` from `INPUT` and `WEIGHTS`
        FORWARD,
        /// the gradient of `INPUT` from that of `OUTPUT` and `WEIGHTS`
        INPUT_GRADIENT,
        /// the gradient of `WEIGHTS` from `INPUT` and the gradient of `OUTPUT`
        WEIGHT_GRADIENT
    }

    /// How the kernel goes along one axis of the image.
    ///
    /// @param kernel the weights' size
    /// @param stride from one place of the kernel to the next
    /// @param paddingBefore zeros above, or to the left
    /// @param paddingAfter zeros below, or to the right
    public record Axis(long kernel, long stride, long paddingBefore, long paddingAfter) {
        /// How many places there are in `size` pixels.
        public long places(long size) {
            return (size + paddingBefore + paddingAfter - kernel) / stride + 1;
        }

        private boolean fits(long size) {
            return size >= 1 && kernel >= 1 && stride >= 1 && paddingBefore >= 0 && paddingAfter >= 0
                    && size + paddingBefore + paddingAfter >= kernel;
        }
    }

    /// `silu(sums + bias + sampleBias) + residual`, each part if wanted.
    ///
    /// @param bias `[outputs]` is added
    /// @param sampleBias `[batch, outputs]` is added
    /// @param silu the activation is applied
    /// @param residual a tensor of the output's sizes is added last
    public record Epilogue(boolean bias, boolean sampleBias, boolean silu, boolean residual) {
        /// Nothing.
        public static final Epilogue NONE = new Epilogue(false, false, false, false);
        /// A bias.
        public static final Epilogue BIAS = new Epilogue(true, false, false, false);

        /// Whether it is more than a bias, which every machine adds in passing.
        public boolean isFused() {
            return sampleBias || silu || residual;
        }

        /// The bias, if there is one, and nothing else.
        public Epilogue biasOnly() {
            return bias ? BIAS : NONE;
        }
    }

    /// The numbers of the tensors.
    public static final long INPUT = 1;
    /// The weights, or their gradient.
    public static final long WEIGHTS = 2;
    /// The output, or its gradient.
    public static final long OUTPUT = 3;
    /// The bias of an epilogue.
    public static final long BIAS = 4;
    /// The bias of an epilogue for each image.
    public static final long SAMPLE_BIAS = 5;
    /// The residual of an epilogue.
    public static final long RESIDUAL = 6;
    private static final long FIRST_VIRTUAL = 10;

    /// Checks that it is one.
    public ConvolutionTask {
        if (batch < 1 || inputs < 1 || outputs < 1 || !rows.fits(height) || !columns.fits(width)) {
            throw new IllegalArgumentException("a convolution of " + batch + " × " + inputs + " × " + height + " × "
                    + width + " by " + outputs + " × " + rows.kernel + " × " + columns.kernel);
        }
        if (work != Work.FORWARD && !epilogue.equals(Epilogue.NONE)) {
            throw new IllegalArgumentException("a gradient has no epilogue: " + epilogue);
        }
    }

    /// One that rounds no float32 factors.
    public ConvolutionTask(Work work, long batch, long inputs, long height, long width, long outputs, Axis rows,
                           Axis columns, Element element, Epilogue epilogue) {
        this(work, batch, inputs, height, width, outputs, rows, columns, element, epilogue, false);
    }

    /// A forward convolution that keeps the size, 3×3 or another odd kernel.
    public static ConvolutionTask same(long batch, long inputs, long height, long width, long outputs, long kernel,
                                       Element element, Epilogue epilogue) {
        Axis axis = new Axis(kernel, 1, kernel / 2, kernel / 2);
        return new ConvolutionTask(Work.FORWARD, batch, inputs, height, width, outputs, axis, axis, element, epilogue);
    }

    /// A gradient of this.
    public ConvolutionTask gradient(Work gradient) {
        return new ConvolutionTask(gradient, batch, inputs, height, width, outputs, rows, columns, element,
                Epilogue.NONE, tf32);
    }

    /// This with another epilogue.
    public ConvolutionTask with(Epilogue other) {
        return new ConvolutionTask(work, batch, inputs, height, width, outputs, rows, columns, element, other, tf32);
    }

    /// This with float32 factors rounded to TF32.
    public ConvolutionTask withTf32() {
        return new ConvolutionTask(work, batch, inputs, height, width, outputs, rows, columns, element, epilogue, true);
    }

    /// The tensors it reads and writes, by their numbers, each with its bytes.
    public Map<Long, Long> tensors() {
        Map<Long, Long> bytes = new TreeMap<>();
        bytes.put(INPUT, batch * height * width * inputs * element.bytes());
        bytes.put(WEIGHTS, outputs * rows.kernel * columns.kernel * inputs * element.bytes());
        long output = batch * outHeight() * outWidth() * outputs * element.bytes();
        bytes.put(OUTPUT, output);
        if (epilogue.bias) {
            bytes.put(BIAS, outputs * element.bytes());
        }
        if (epilogue.sampleBias) {
            bytes.put(SAMPLE_BIAS, batch * outputs * element.bytes());
        }
        if (epilogue.residual) {
            bytes.put(RESIDUAL, output);
        }
        return bytes;
    }

    /// Rows of the output.
    public long outHeight() {
        return rows.places(height);
    }

    /// Columns of the output.
    public long outWidth() {
        return columns.places(width);
    }

    /// Adds the operations to a graph.
    void describe(OperationGraph graph) {
        BackendDescriptor convolution = graph.convolution(rows, columns);
        BackendDescriptor x = graph.tensor(INPUT, element, batch, inputs, height, width);
        BackendDescriptor w = graph.tensor(WEIGHTS, element, outputs, inputs, rows.kernel, columns.kernel);
        switch (work) {
            case FORWARD -> {
                Chain chain = new Chain(graph);
                graph.convolve(10, 700, convolution, w, x, chain.next());
                chain.run();
            }
            case INPUT_GRADIENT -> graph.convolve(12, 706, convolution, w, x, output(graph, OUTPUT));
            case WEIGHT_GRADIENT -> graph.convolve(11, 712, convolution, w, x, output(graph, OUTPUT));
        }
    }

    private BackendDescriptor output(OperationGraph graph, long id) {
        return graph.tensor(id, element, batch, outputs, outHeight(), outWidth());
    }

    /// The epilogue's operations, each from the sums so far to the next; the last one stores the output.
    private final class Chain {
        private final OperationGraph graph;
        private int left;
        private long id = FIRST_VIRTUAL;
        private BackendDescriptor sums;

        private Chain(OperationGraph graph) {
            this.graph = graph;
            left = (epilogue.bias ? 1 : 0) + (epilogue.sampleBias ? 1 : 0) + (epilogue.silu ? 1 : 0)
                    + (epilogue.residual ? 1 : 0);
        }

        /// Where the operation that comes now puts its result.
        private BackendDescriptor next() {
            sums = left-- > 0 ? graph.virtual(id++, batch, outputs, outHeight(), outWidth()) : output(graph, OUTPUT);
            return sums;
        }

        private void add(BackendDescriptor what) {
            graph.pointwise(OperationGraph.Pointwise.ADD, sums, what, next());
        }

        private void run() {
            if (epilogue.bias) {
                add(graph.tensor(BIAS, element, 1, outputs, 1, 1));
            }
            if (epilogue.sampleBias) {
                add(graph.tensor(SAMPLE_BIAS, element, batch, outputs, 1, 1));
            }
            if (epilogue.silu) {
                graph.pointwise(OperationGraph.Pointwise.SILU, sums, null, next());
            }
            if (epilogue.residual) {
                add(output(graph, RESIDUAL));
            }
        }
    }
}

package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.Element;

/// A convolution, or a gradient of one. Images are NHWC, weights `[outputs, kernel, kernel, inputs]`, sums float32.
///
/// @param work what to compute
/// @param batch images
/// @param inputs channels of the input
/// @param height of the input
/// @param width of the input
/// @param outputs channels of the output
/// @param kernel rows and columns of the weights
/// @param stride of the output's places on the input
/// @param paddingBefore zeros above and to the left
/// @param paddingAfter zeros below and to the right
/// @param element of all tensors
/// @param epilogue what a forward convolution does to its sums
public record ConvolutionTask(Work work, long batch, long inputs, long height, long width, long outputs, long kernel,
                              long stride, long paddingBefore, long paddingAfter, Element element,
                              Epilogue epilogue) {
    /// What to compute.
    public enum Work {
        /// `OUTPUT` from `INPUT` and `WEIGHTS`
        FORWARD,
        /// the gradient of `INPUT` from that of `OUTPUT` and `WEIGHTS`
        INPUT_GRADIENT,
        /// the gradient of `WEIGHTS` from `INPUT` and the gradient of `OUTPUT`
        WEIGHT_GRADIENT
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
        if (batch < 1 || inputs < 1 || height < 1 || width < 1 || outputs < 1 || kernel < 1 || stride < 1
                || paddingBefore < 0 || paddingAfter < 0 || height + paddingBefore + paddingAfter < kernel
                || width + paddingBefore + paddingAfter < kernel) {
            throw new IllegalArgumentException("a convolution of " + batch + " × " + inputs + " × " + height + " × "
                    + width + " by " + outputs + " × " + kernel + " × " + kernel);
        }
        if (work != Work.FORWARD && !epilogue.equals(Epilogue.NONE)) {
            throw new IllegalArgumentException("a gradient has no epilogue: " + epilogue);
        }
    }

    /// A forward convolution that keeps the size, 3×3 or another odd kernel.
    public static ConvolutionTask same(long batch, long inputs, long height, long width, long outputs, long kernel,
                                       Element element, Epilogue epilogue) {
        return new ConvolutionTask(Work.FORWARD, batch, inputs, height, width, outputs, kernel, 1, kernel / 2,
                kernel / 2, element, epilogue);
    }

    /// A gradient of this.
    public ConvolutionTask gradient(Work gradient) {
        return new ConvolutionTask(gradient, batch, inputs, height, width, outputs, kernel, stride, paddingBefore,
                paddingAfter, element, Epilogue.NONE);
    }

    /// Rows of the output.
    public long outHeight() {
        return (height + paddingBefore + paddingAfter - kernel) / stride + 1;
    }

    /// Columns of the output.
    public long outWidth() {
        return (width + paddingBefore + paddingAfter - kernel) / stride + 1;
    }

    /// Adds the operations to a graph.
    void describe(OperationGraph graph) {
        BackendDescriptor convolution = graph.convolution(stride, paddingBefore, paddingAfter);
        BackendDescriptor x = graph.tensor(INPUT, element, batch, inputs, height, width);
        BackendDescriptor w = graph.tensor(WEIGHTS, element, outputs, inputs, kernel, kernel);
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

package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.KernelNeeds;
import dev.cathode.engine.graph.Costs;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.CudaMachine.PreparedProduct;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Work;
import java.util.Map;

/// Gradients of linear layers and convolutions: of linear weights float32, of filters in the type of what they are made
/// of, for which cuDNN has its fast engines.
final class CudaProductGradients {
    private final CudaPlans plans;
    private final boolean tf32;

    CudaProductGradients(CudaPlans plans, boolean tf32) {
        this.plans = plans;
        this.tf32 = tf32;
    }

    CudaKernel linearInput(Value dx) {
        Value dy = dx.input(0), weight = dx.input(1);
        return product("input gradient", dx, dy, weight, Product.inputGradient(dy.shape().rows(), weight.shape().last(),
                weight.shape().dim(0), element(dx)));
    }

    CudaKernel linearWeight(Value dw) {
        Value x = dw.input(0), dy = dw.input(1);
        return product("weight gradient", dw, dy, x, Product.weightGradient(x.shape().rows(), x.shape().last(),
                dy.shape().last(), element(x), false).into(element(dw)));
    }

    CudaKernel convolutionInput(Value dx, Op.Geometry g) {
        Value dy = dx.input(0), weight = dx.input(1);
        if (CudaProducts.isPointwise(g, weight.shape())) {
            return linearInput(dx);
        }
        return convolution("input gradient", dx, task(dx.shape(), weight.shape(), g, dx).gradient(Work.INPUT_GRADIENT),
                dy, ConvolutionTask.OUTPUT, weight, ConvolutionTask.WEIGHTS, ConvolutionTask.INPUT);
    }

    CudaKernel convolutionFilter(Value dw, Op.Geometry g) {
        Value x = dw.input(0), dy = dw.input(1);
        if (CudaProducts.isPointwise(g, dw.shape())) {
            return linearWeight(dw);
        }
        return convolution("filter gradient", dw, task(x.shape(), dw.shape(), g, dw).gradient(Work.WEIGHT_GRADIENT), x,
                ConvolutionTask.INPUT, dy, ConvolutionTask.OUTPUT, ConvolutionTask.WEIGHTS);
    }

    private ConvolutionTask task(Shape x, Shape w, Op.Geometry g, Value value) {
        if (g.resizedHeight() != 0 || g.resizedWidth() != 0) {
            throw new IllegalArgumentException("a resize in a convolution has a gradient of its own: " + g);
        }
        return CudaProducts.task(new ConvolutionShape(x.dim(0), x.dim(1), x.dim(2), x.last(), w.dim(0), w.dim(1),
                w.dim(2), g.strideHeight(), g.strideWidth(), g.padTop(), g.padLeft(), g.padBottom(), g.padRight(),
                x.dim(1), x.dim(2)), element(value), tf32);
    }

    private CudaKernel product(String description, Value y, Value a, Value b, Product product) {
        PreparedProduct prepared = plans.product(tf32 ? product.withTf32() : product);
        Scratch scratch = new Scratch();
        Aligned first = new Aligned(a, plans, scratch), second = new Aligned(b, plans, scratch);
        long workspace = scratch.take(prepared.workspaceBytes());
        return new CudaKernel(description, Costs.flops(y), new KernelNeeds(scratch.bytes(), 0, true), 0, at -> {
            var where = new Matmul.Addresses(first.address(at), second.address(at), 0, 0, at.of(y),
                    at.workspace() + workspace);
            return CudaProducts.sequence(first.prepare(at), second.prepare(at), () -> prepared.run(where));
        });
    }

    private CudaKernel convolution(String description, Value y, ConvolutionTask task, Value a, long aNumber, Value b,
                                   long bNumber, long yNumber) {
        PreparedOperation prepared = plans.convolution(task)
                .orElseThrow(() -> new IllegalStateException("the machine cannot do " + task));
        Scratch scratch = new Scratch();
        Aligned first = new Aligned(a, plans, scratch), second = new Aligned(b, plans, scratch);
        long workspace = scratch.take(prepared.workspaceBytes());
        return new CudaKernel(description, Costs.flops(y), new KernelNeeds(scratch.bytes(), 0, true), 0, at -> {
            Map<Long, Long> tensors = Map.of(aNumber, first.address(at), bNumber, second.address(at), yNumber, at.of(y));
            long scratchAt = at.workspace() + workspace;
            return CudaProducts.sequence(first.prepare(at), second.prepare(at), () -> prepared.run(tensors, scratchAt));
        });
    }

    private static Element element(Value value) {
        return CudaOptions.element(value.dtype());
    }
}

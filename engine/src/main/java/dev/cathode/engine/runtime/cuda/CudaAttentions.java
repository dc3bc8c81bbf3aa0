package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.KernelNeeds;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.CudaAttention;
import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.CudaMachine.PreparedProduct;
import dev.cathode.kernels.cuda.CudaSoftmax;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Work;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Attention, forward: the machine's own where it has one, our flash attention for 16-bit numbers, and two products
/// around a softmax, one sample after the other, for float32 and for heads that are larger than flash attention, or
/// this GPU's shared memory, takes.
final class CudaAttentions {
    private static final int LARGEST_HEAD = 512;

    private final CudaPlans plans;
    private final KeptSums.Registry sums;
    private final boolean tf32;

    CudaAttentions(CudaPlans plans, KeptSums.Registry sums, boolean tf32) {
        this.plans = plans;
        this.sums = sums;
        this.tf32 = tf32;
    }

    CudaKernel forward(Value y, Op.Attention op) {
        Attention.Shape shape = shape(y.input(0), y.input(1), op.heads(), op.causal(), op.masked(), op.scale());
        Element element = CudaOptions.element(y.dtype());
        boolean trained = sums.wants(y);
        Optional<PreparedOperation> own = plans.attention(trained ? Work.FORWARD_WITH_STATISTICS : Work.FORWARD, shape,
                element);
        if (own.isPresent() && (!trained || plans.attention(Work.GRADIENT, shape, element).isPresent())) {
            return library(y, shape, own.get(), trained ? sums.keep(y, new KeptSums(shape, true)) : null);
        }
        if (element != Element.FLOAT32 && shape.headSize() <= LARGEST_HEAD) {
            CudaAttention flash = new CudaAttention(plans.launcher(), shape, element);
            if (flash.fits()) {
                return flash(y, shape, flash, trained && flash.hasGradient()
                        ? sums.keep(y, new KeptSums(shape, false)) : null);
            }
        }
        return products(y, shape, element);
    }

    /// The geometry of attention with these queries and keys.
    static Attention.Shape shape(Value q, Value k, int heads, boolean causal, boolean masked, float scale) {
        return new Attention.Shape(q.shape().dim(0), heads, q.shape().dim(1), k.shape().dim(1), q.shape().last() / heads,
                causal, masked, scale);
    }

    private CudaKernel library(Value y, Attention.Shape shape, PreparedOperation prepared, KeptSums kept) {
        Scratch scratch = new Scratch();
        Aligned q = new Aligned(y.input(0), plans, scratch), k = new Aligned(y.input(1), plans, scratch);
        Aligned v = new Aligned(y.input(2), plans, scratch);
        long workspace = scratch.take(prepared.workspaceBytes());
        return kernel("library attention", shape, scratch.bytes(), kept, a -> {
            Map<Long, Long> tensors = new HashMap<>(Map.of(AttentionTask.Q, q.address(a), AttentionTask.K, k.address(a),
                    AttentionTask.V, v.address(a), AttentionTask.OUTPUT, a.of(y)));
            if (kept != null) {
                tensors.put(AttentionTask.STATISTICS, kept.bind(a));
            }
            long at = a.workspace() + workspace;
            return CudaProducts.sequence(q.prepare(a), k.prepare(a), v.prepare(a), () -> prepared.run(tensors, at));
        });
    }

    private CudaKernel flash(Value y, Attention.Shape shape, CudaAttention attention, KeptSums kept) {
        return kernel("flash attention", shape, 0, kept, a -> {
            var arguments = arguments(a, y);
            long at = kept == null ? 0 : kept.bind(a);
            return () -> attention.run(arguments, at);
        });
    }

    private static Attention.Arguments arguments(Addresses a, Value y) {
        int row = y.shape().last();
        return new Attention.Arguments(a.of(y.input(0)), row, a.of(y.input(1)), row, a.of(y.input(2)), row,
                y.inputs().size() > 3 ? a.of(y.input(3)) : 0, a.of(y), row, 0);
    }

    /// All heads of a sample at once; the scores of one sample are what has to be held.
    private CudaKernel products(Value y, Attention.Shape s, Element element) {
        long row = (long) s.heads() * s.headSize(), scores = (long) s.queries() * s.keys();
        var rows = new Product.Operand(false, row, s.headSize());
        var columns = new Product.Operand(true, row, s.headSize());
        var held = new Product.Operand(false, s.keys(), scores);
        PreparedProduct first = plans.product(new Product(s.heads(), s.queries(), s.keys(), s.headSize(), rows, columns,
                held, element, element, Product.Epilogue.NONE, tf32));
        PreparedProduct second = plans.product(new Product(s.heads(), s.queries(), s.headSize(), s.keys(), held, rows,
                rows, element, element, Product.Epilogue.NONE, tf32));
        CudaSoftmax softmax = plans.kernels(y.dtype()).softmax();
        Scratch scratch = new Scratch();
        long probabilities = scratch.take(s.heads() * scores * element.bytes());
        long workspace = scratch.take(Math.max(first.workspaceBytes(), second.workspaceBytes()));
        Aligned q = new Aligned(y.input(0), plans, scratch), k = new Aligned(y.input(1), plans, scratch);
        Aligned v = new Aligned(y.input(2), plans, scratch);
        return kernel("products and softmax", s, scratch.bytes(), null, a -> {
            long held0 = a.workspace() + probabilities, at = a.workspace() + workspace, out = a.of(y);
            long mask = s.masked() ? a.of(y.input(3)) : 0;
            long querySample = s.queries() * row * element.bytes(), keySample = s.keys() * row * element.bytes();
            Runnable prepare = CudaProducts.sequence(q.prepare(a), k.prepare(a), v.prepare(a));
            return () -> {
                prepare.run();
                for (int n = 0; n < s.batch(); n++) {
                    first.run(new Matmul.Addresses(q.address(a) + n * querySample, k.address(a) + n * keySample, 0, 0,
                            held0, at));
                    softmax.scores(held0, mask == 0 ? 0 : mask + 4L * n * s.keys(), held0, 1, s.heads(), s.queries(),
                            s.keys(), s.scale(), s.causal());
                    second.run(new Matmul.Addresses(held0, v.address(a) + n * keySample, 0, 0, out + n * querySample,
                            at));
                }
            };
        });
    }

    /// @param kept null if nothing is
    private static CudaKernel kernel(String description, Attention.Shape shape, long workspaceBytes, KeptSums kept,
                                     CudaKernel.Binder binder) {
        return new CudaKernel(description, shape.flops(), new KernelNeeds(workspaceBytes, 0, true),
                kept == null ? 0 : kept.bytes(), binder);
    }
}

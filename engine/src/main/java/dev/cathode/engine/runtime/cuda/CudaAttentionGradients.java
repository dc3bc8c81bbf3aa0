package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.KernelNeeds;
import dev.cathode.engine.graph.Costs;
import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cuda.CudaAttention;
import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.CudaMachine.PreparedProduct;
import dev.cathode.kernels.cuda.CudaSoftmax;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.blas.Product.Operand;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Gradients of attention, by whoever computed it: the machine's own, our flash attention (which computes the forward
/// pass once more for the logarithms of its sums if they were not kept), and six products for float32 and for large
/// heads, with the probabilities of one sample after the other.
final class CudaAttentionGradients {
    private final CudaPlans plans;
    private final KeptSums.Registry sums;
    private final boolean tf32;

    CudaAttentionGradients(CudaPlans plans, KeptSums.Registry sums, boolean tf32) {
        this.plans = plans;
        this.sums = sums;
        this.tf32 = tf32;
    }

    CudaKernel lower(Value y, GradientOp.Attention op) {
        Attention.Shape shape = CudaAttentions.shape(y.input(0), y.input(1), op.heads(), op.causal(), op.masked(),
                op.scale());
        Element element = CudaOptions.element(y.dtype());
        Optional<KeptSums> kept = sums.of(y.input(3));
        if (kept.isPresent() && kept.get().isLibrary()) {
            return library(y, plans.attention(AttentionTask.Work.GRADIENT, shape, element).orElseThrow(), kept.get());
        }
        if (element != Element.FLOAT32) {
            CudaAttention attention = new CudaAttention(plans.launcher(), shape, element);
            if (attention.hasGradient()) {
                return flash(y, attention, shape, kept);
            }
        }
        return products(y, shape, element);
    }

    private CudaKernel library(Value y, PreparedOperation prepared, KeptSums kept) {
        Parts parts = Parts.of(y);
        Scratch scratch = new Scratch();
        Map<Long, Aligned> operands = new TreeMap<>();
        long[] ids = {AttentionTask.Q, AttentionTask.K, AttentionTask.V, AttentionTask.OUTPUT,
            AttentionTask.OUTPUT_GRADIENT};
        for (int i = 0; i < ids.length; i++) {
            operands.put(ids[i], new Aligned(y.input(i), plans, scratch));
        }
        long workspace = scratch.take(prepared.workspaceBytes());
        return kernel("library attention gradient", y, scratch, a -> {
            Map<Long, Long> tensors = new HashMap<>();
            operands.forEach((id, operand) -> tensors.put(id, operand.address(a)));
            tensors.put(AttentionTask.STATISTICS, kept.address());
            tensors.put(AttentionTask.Q_GRADIENT, CudaGradients.part(a, y, parts, 0));
            tensors.put(AttentionTask.K_GRADIENT, CudaGradients.part(a, y, parts, 1));
            tensors.put(AttentionTask.V_GRADIENT, CudaGradients.part(a, y, parts, 2));
            List<Runnable> calls = new ArrayList<>();
            operands.values().forEach(operand -> calls.add(operand.prepare(a)));
            long at = a.workspace() + workspace;
            calls.add(() -> prepared.run(tensors, at));
            return CudaProducts.sequence(calls.toArray(Runnable[]::new));
        });
    }

    private static CudaKernel flash(Value y, CudaAttention attention, Attention.Shape shape, Optional<KeptSums> kept) {
        Value q = y.input(0), k = y.input(1), v = y.input(2), output = y.input(3), dy = y.input(4);
        Parts parts = Parts.of(y);
        Scratch scratch = new Scratch();
        long again = kept.isPresent() ? 0 : scratch.take(output.bytes());
        long logSums = kept.isPresent() ? 0 : scratch.take(new KeptSums(shape, false).bytes());
        long workspace = scratch.take(attention.workspaceBytes());
        int row = q.shape().last();
        return kernel("flash attention gradient", y, scratch, a -> {
            long mask = shape.masked() ? a.of(y.input(5)) : 0, sums = kept.isPresent() ? kept.get().address()
                    : a.workspace() + logSums;
            var forward = new Attention.Arguments(a.of(q), row, a.of(k), row, a.of(v), row, mask, a.workspace() + again,
                    row, 0);
            var backward = new AttentionGradient.Arguments(a.of(q), row, a.of(k), row, a.of(v), row, mask, a.of(output),
                    row, a.of(dy), row, CudaGradients.part(a, y, parts, 0), CudaGradients.part(a, y, parts, 1),
                    CudaGradients.part(a, y, parts, 2), a.workspace() + workspace);
            return () -> {
                if (kept.isEmpty()) {
                    attention.run(forward, sums);
                }
                attention.gradient(backward, sums);
            };
        });
    }

    /// With the probabilities P of a sample and their gradient: dv = Pᵀ dy, dP = dy vᵀ, dS = scale · P (dP - Σ P dP),
    /// dq = dS k, dk = dSᵀ q.
    private CudaKernel products(Value y, Attention.Shape s, Element element) {
        int heads = s.heads(), size = s.headSize();
        long queries = s.queries(), keys = s.keys(), row = (long) heads * size;
        Operand rows = new Operand(false, row, size), columns = new Operand(true, row, size);
        Operand held = new Operand(false, keys, queries * keys), across = new Operand(true, keys, queries * keys);
        PreparedProduct scores = prepare(heads, queries, keys, size, rows, columns, held, element);
        PreparedProduct ofQueries = prepare(heads, queries, size, keys, held, rows, rows, element);
        PreparedProduct ofKeys = prepare(heads, keys, size, queries, across, rows, rows, element);
        CudaSoftmax softmax = plans.kernels(y.dtype()).softmax();
        Parts parts = Parts.of(y);
        Scratch scratch = new Scratch();
        long first = scratch.take(heads * queries * keys * element.bytes());
        long second = scratch.take(heads * queries * keys * element.bytes());
        long workspace = scratch.take(Math.max(scores.workspaceBytes(),
                Math.max(ofQueries.workspaceBytes(), ofKeys.workspaceBytes())));
        var q = new Aligned(y.input(0), plans, scratch);
        var k = new Aligned(y.input(1), plans, scratch);
        var v = new Aligned(y.input(2), plans, scratch);
        var dy = new Aligned(y.input(4), plans, scratch);
        return kernel("attention gradient by products", y, scratch, a -> {
            long p = a.workspace() + first, dp = a.workspace() + second, at = a.workspace() + workspace;
            long mask = s.masked() ? a.of(y.input(5)) : 0;
            long dq = CudaGradients.part(a, y, parts, 0), dk = CudaGradients.part(a, y, parts, 1);
            long dv = CudaGradients.part(a, y, parts, 2);
            Runnable prepare = CudaProducts.sequence(q.prepare(a), k.prepare(a), v.prepare(a), dy.prepare(a));
            return () -> {
                prepare.run();
                for (int n = 0; n < s.batch(); n++) {
                    long i = n * queries * row * element.bytes(), j = n * keys * row * element.bytes();
                    scores.run(new Matmul.Addresses(q.address(a) + i, k.address(a) + j, 0, 0, p, at));
                    softmax.scores(p, mask == 0 ? 0 : mask + 4L * n * keys, p, 1, heads, s.queries(), s.keys(),
                            s.scale(), s.causal());
                    ofKeys.run(new Matmul.Addresses(p, dy.address(a) + i, 0, 0, dv + j, at));
                    scores.run(new Matmul.Addresses(dy.address(a) + i, v.address(a) + j, 0, 0, dp, at));
                    softmax.softmaxGradient(p, dp, dp, heads * queries, s.keys(), s.scale());
                    ofQueries.run(new Matmul.Addresses(dp, k.address(a) + j, 0, 0, dq + i, at));
                    ofKeys.run(new Matmul.Addresses(dp, q.address(a) + i, 0, 0, dk + j, at));
                }
            };
        });
    }

    private PreparedProduct prepare(int batch, long m, long n, long k, Operand a, Operand b, Operand out,
                                    Element element) {
        return plans.product(new Product(batch, m, n, k, a, b, out, element, element, Product.Epilogue.NONE, tf32));
    }

    private static CudaKernel kernel(String description, Value y, Scratch scratch, CudaKernel.Binder binder) {
        return new CudaKernel(description, Costs.flops(y), new KernelNeeds(scratch.bytes(), 0, true), 0, binder);
    }
}

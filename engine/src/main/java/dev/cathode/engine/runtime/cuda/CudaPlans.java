package dev.cathode.engine.runtime.cuda;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.CudaMachine.PreparedProduct;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.KernelLauncher;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.weights.DType;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What a machine has prepared, once for all graphs: networks repeat the same few shapes, and choosing an algorithm
/// takes longer than using it.
final class CudaPlans implements AutoCloseable {
    private final CudaMachine machine;
    private final Map<Element, KernelSet> kernels = new EnumMap<>(Element.class);
    private final Map<Product, PreparedProduct> products = new HashMap<>();
    private final Map<ConvolutionTask, Optional<PreparedOperation>> convolutions = new HashMap<>();
    private final Map<AttentionTask, Optional<PreparedOperation>> attentions = new HashMap<>();

    CudaPlans(CudaMachine machine) {
        this.machine = machine;
    }

    CudaMachine machine() {
        return machine;
    }

    KernelLauncher launcher() {
        return machine.launcher();
    }

    /// Our kernels for numbers of a type.
    KernelSet kernels(DType type) {
        return kernels.computeIfAbsent(CudaOptions.element(type), e -> KernelSet.of(machine.launcher(), e));
    }

    PreparedProduct product(Product product) {
        return products.computeIfAbsent(product, machine::product);
    }

    Optional<PreparedOperation> convolution(ConvolutionTask task) {
        return convolutions.computeIfAbsent(task, machine::convolution);
    }

    /// The machine's own attention; empty if it has none that is better than ours.
    Optional<PreparedOperation> attention(AttentionTask.Work work, Attention.Shape shape, Element element) {
        if (element == Element.FLOAT32 || shape.masked()) {
            return Optional.empty();
        }
        return attentions.computeIfAbsent(new AttentionTask(work, shape, AttentionTask.Strides.contiguous(shape), element),
                machine::attention);
    }

    @Override
    public void close() {
        products.values().forEach(PreparedProduct::close);
        convolutions.values().forEach(c -> c.ifPresent(PreparedOperation::close));
        attentions.values().forEach(a -> a.ifPresent(PreparedOperation::close));
        products.clear();
        convolutions.clear();
        attentions.clear();
    }
}

package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cpu.Attention;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The logarithms of softmax's sums that attention keeps for its gradient, `[batch, heads, queries]`: with them, the
/// gradient need not compute the forward pass again. They have memory of their own from the start.
final class KeptSums {
    private final long bytes;
    private final boolean library;
    private long address;

    /// @param library whether the machine's own attention keeps them, to whose gradient they belong then
    KeptSums(Attention.Shape shape, boolean library) {
        bytes = (long) Float.BYTES * shape.batch() * shape.heads() * shape.queries();
        this.library = library;
    }

    /// Memory that they take.
    long bytes() {
        return bytes;
    }

    /// Whether the machine's own attention keeps them.
    boolean isLibrary() {
        return library;
    }

    /// Takes their memory, when what writes them is bound.
    long bind(Addresses a) {
        address = a.reserve(bytes);
        return address;
    }

    /// Where they are, once they are bound.
    long address() {
        if (address == 0) {
            throw new IllegalStateException("a gradient of attention stands before the attention");
        }
        return address;
    }

    /// Which attention of a graph has a gradient in it, and what it keeps for that.
    static final class Registry {
        private final Map<Value, Optional<KeptSums>> kept = new HashMap<>();

        Registry(List<Value> steps) {
            for (Value step : steps) {
                if (step.op() instanceof GradientOp.Attention && step.input(3).op() instanceof Op.Attention) {
                    kept.put(step.input(3), Optional.empty());
                }
            }
        }

        /// Whether a gradient follows.
        boolean wants(Value attention) {
            return kept.containsKey(attention);
        }

        /// Says what an attention keeps.
        KeptSums keep(Value attention, KeptSums sums) {
            kept.put(attention, Optional.of(sums));
            return sums;
        }

        /// What an attention, lowered before, keeps.
        Optional<KeptSums> of(Value attention) {
            return kept.getOrDefault(attention, Optional.empty());
        }
    }
}

package dev.cathode.weights;

import dev.cathode.weights.file.Quote;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A checkpoint with low-rank additions merged in: `W + scale · alpha / rank · B A`, in the type of W. Tensors are
/// merged when they are asked for; the latest stays in memory, since whoever looks at its shape asks for it again.
final class LoraCheckpoint implements Checkpoint {
    private static final String WEIGHT = ".weight";

    private final Checkpoint base;
    /// For each tensor that changes its additions and their scales.
    private final Map<String, List<Addition>> additions;
    private FileTensor latest;

    private record Addition(LoraFactors factors, double scale) {
    }

    private LoraCheckpoint(Checkpoint base, Map<String, List<Addition>> additions) {
        this.base = base;
        this.additions = additions;
    }

    /// The weights of a component with what LoRAs add to them.
    ///
    /// @param component its name; LoRAs change `unet` and `text_encoder`
    /// @throws CheckpointException if a file cannot be read, or has a layer that the component has not
    static Checkpoint of(Checkpoint base, String component, List<LoraOption> loras) {
        if (loras.isEmpty() || !component.equals("unet") && !component.equals("text_encoder")) {
            return base;
        }
        Map<String, String> tensors = new HashMap<>();
        for (String name : base.names()) {
            if (name.endsWith(WEIGHT)) {
                String module = name.substring(0, name.length() - WEIGHT.length());
                tensors.put(component + '_' + module.replace('.', '_'), name);
            }
        }
        Map<String, List<Addition>> additions = new HashMap<>();
        for (LoraOption lora : loras) {
            LoraFile.read(lora.file(), component).forEach((module, factors) -> {
                String tensor = tensors.get(module);
                if (tensor == null || !fits(base.tensor(tensor), factors)) {
                    throw new CheckpointException(lora.file() + " does not fit " + base.source() + ": it adds ["
                            + factors.outputs() + ", " + factors.inputs() + "] to " + Quote.of(module) + ", which "
                            + (tensor == null ? "is not there" : "is " + base.tensor(tensor).shape()));
                }
                additions.computeIfAbsent(tensor, t -> new ArrayList<>()).add(new Addition(factors, lora.scale()));
            });
        }
        return new LoraCheckpoint(base, additions);
    }

    private static boolean fits(FileTensor weight, LoraFactors factors) {
        return !weight.shape().isEmpty() && weight.shape().getFirst() == factors.outputs()
                && weight.count() == (long) factors.outputs() * factors.inputs();
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return base.names();
    }

    @Override
    public synchronized FileTensor tensor(String name) {
        List<Addition> added = additions.get(name);
        if (added == null) {
            return base.tensor(name);
        }
        if (latest == null || !latest.name().equals(name)) {
            latest = merged(base.tensor(name), added);
        }
        return latest;
    }

    private FileTensor merged(FileTensor weight, List<Addition> added) {
        float[] values = Conversions.toFloats(weight);
        added.forEach(addition -> addition.factors.addTo(values, addition.scale));
        MemorySegment data = Arena.ofAuto().allocate(weight.data().byteSize(), 64);
        Conversions.fromFloats(values, 0, values.length, data, weight.dtype(), 0);
        base.release(weight);
        return new FileTensor(weight.name(), weight.dtype(), weight.shape(), data.asReadOnly());
    }

    @Override
    public Map<String, String> metadata() {
        return base.metadata();
    }

    @Override
    public synchronized void release(FileTensor tensor) {
        if (latest != null && latest.data().equals(tensor.data())) {
            latest = null;
        }
        base.release(tensor);
    }

    @Override
    public void close() {
        base.close();
    }
}

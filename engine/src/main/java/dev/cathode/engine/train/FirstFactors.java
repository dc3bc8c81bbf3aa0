package dev.cathode.engine.train;

import dev.cathode.engine.random.RandomWeights;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.FileTensor;
import java.util.Map;
import java.util.Set;

/// The factors of low-rank additions before training: A uniform in ±1/√(inputs), B zero, as in peft.
///
/// @param random the same tensors, all drawn
record FirstFactors(RandomWeights random) implements Checkpoint {
    @Override
    public String source() {
        return random.source();
    }

    @Override
    public Set<String> names() {
        return random.names();
    }

    @Override
    public FileTensor tensor(String name) {
        FileTensor tensor = random.tensor(name);
        if (name.endsWith(".lora_B.weight")) {
            tensor.data().fill((byte) 0);
        }
        return tensor;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) {
        random.release(tensor);
    }

    @Override
    public void close() {
        random.close();
    }
}

package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.weights.Goldens;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tiny networks in mixed precision: what they answer is off by at most a hundredth. Errors found are logged at level
/// debug.
class MixedNetworksTest {
    private static final Logger LOG = LoggerFactory.getLogger(MixedNetworksTest.class);
    /// Root mean square of the error over that of the reference.
    private static final double BUDGET = 1e-2;
    /// Below this, nothing was rounded to 16 bits.
    private static final double FLOAT32 = 2e-5;

    private enum Kernels {
        FASTEST, VECTOR;

        CpuKernels open() {
            return this == FASTEST ? CpuKernels.fastest() : CpuKernels.vector();
        }
    }

    @ParameterizedTest
    @EnumSource
    void unet(Kernels kernels) {
        for (Goldens.Topic topic : GoldenNetwork.topics("unet")) {
            var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
            try (var network = GoldenNetwork.mixed(ConvolutionAlgorithm.AUTO, kernels.open(),
                    topic.file(topic.json().get("weights").stringValue()))) {
                for (String file : GoldenNetwork.forwardFiles(topic)) {
                    int[] sample = topic.shape(file, "sample");
                    Graph graph = UNet2DConditionModel.graph(config, sample[0], sample[2], sample[3],
                            topic.shape(file, "encoder_hidden_states")[1]);
                    check(topic, file,
                            network.run(graph, UNet2DConditionModelTest.inputs(topic, file, sample[0]), Set.of()));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void autoencoder(Kernels kernels) {
        for (Goldens.Topic topic : GoldenNetwork.topics("vae")) {
            var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
            try (var network = GoldenNetwork.mixed(ConvolutionAlgorithm.AUTO, kernels.open(),
                    topic.file(topic.json().get("weights").stringValue()))) {
                for (String file : GoldenNetwork.forwardFiles(topic)) {
                    int[] image = topic.shape(file, "image");
                    int[] latent = topic.shape(file, "latent");
                    Graph encode = AutoencoderKL.encodeGraph(config, image[0], image[2], image[3]);
                    Graph decode = AutoencoderKL.decodeGraph(config, latent[0], latent[2], latent[3]);
                    check(topic, file, network.run(encode, Map.of("image", topic.floats(file, "image")), Set.of()));
                    check(topic, file, network.run(decode, Map.of("latent", topic.floats(file, "latent")), Set.of()));
                }
            }
        }
    }

    /// Compares the results that the file holds.
    static void check(Goldens.Topic topic, String file, Map<String, float[]> results) {
        Set<String> checked = new TreeSet<>();
        for (Goldens.Tensor output : topic.outputs(file)) {
            float[] actual = results.get(output.name());
            if (actual != null) {
                double error = GoldenNetwork.relativeError(topic, file, output.name(), actual);
                LOG.debug("{} {}: relative error {}", topic.name(), output.name(), error);
                assertTrue(error <= BUDGET, topic.name() + ' ' + output.name() + ": relative error " + error);
                assertTrue(error >= FLOAT32, topic.name() + ' ' + output.name() + ": relative error only " + error);
                checked.add(output.name());
            }
        }
        assertTrue(!checked.isEmpty(), topic.name() + '/' + file + " holds none of " + results.keySet());
    }
}

package dev.cathode.engine.benchmark;

import dev.cathode.engine.graph.Costs;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.StableDiffusion14;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Times one network of a model, or of Stable Diffusion 1.4 with random weights: the time does not depend on what the
/// weights are.
public final class NetworkBenchmark {
    private static final int TOKENS = 77;

    private NetworkBenchmark() { }

    /// The networks that can be timed.
    public enum Network {
        /// One evaluation of the U-Net.
        UNET("unet"),
        /// Latents to a picture.
        VAE("vae"),
        /// Prompts to hidden states, 77 tokens each.
        TEXT("text_encoder");

        private final String component;

        Network(String component) {
            this.component = component;
        }
    }

    /// What to time: a network at a size, and its weights.
    ///
    /// @param network which
    /// @param graph what it computes
    /// @param weights closed by whoever opened them
    public record Subject(Network network, Graph graph, Checkpoint weights) {
        /// Stable Diffusion 1.4 with random weights.
        ///
        /// @param batch samples
        /// @param width columns of the picture, a multiple of 8
        /// @param height rows of the picture
        public static Subject random(Network network, int batch, int width, int height) {
            AutoencoderKLConfig vae = StableDiffusion14.vae();
            Graph graph = switch (network) {
                case UNET -> unet(StableDiffusion14.unet(), vae.scaleFactor(), batch, width, height);
                case VAE -> vae(vae, batch, width, height);
                case TEXT -> CLIPTextModel.graph(StableDiffusion14.textEncoder(), batch, TOKENS);
            };
            return new Subject(network, graph, new RandomWeights(0, graph));
        }

        /// A network of a model.
        public static Subject of(ModelSource model, Network network, int batch, int width, int height) {
            ModelComponent component = model.component(network.component);
            String file = model.source() + "/" + network.component;
            Graph graph = switch (network) {
                case UNET -> unet(UNet2DConditionConfig.parse(component.config(), file),
                        AutoencoderKLConfig.parse(model.component("vae").config(), model.source()).scaleFactor(), batch, width,
                        height);
                case VAE -> vae(AutoencoderKLConfig.parse(component.config(), file), batch, width, height);
                case TEXT -> CLIPTextModel.graph(CLIPTextConfig.parse(component.config(), file), batch, TOKENS);
            };
            return new Subject(network, graph, component.weights());
        }

        /// Gives an executable of the graph its inputs: id 0 everywhere, the same normal numbers at every call.
        public void setInputs(Executable executable) {
            executable.inputs().forEach((name, shape) -> {
                switch (name) {
                    case "input_ids", "pooled_positions" -> executable.set(name, new int[shape.intCount()]);
                    default -> executable.set(name, new TorchGenerator(1).randn(shape.intCount()));
                }
            });
        }

        private static Graph unet(UNet2DConditionConfig config, int factor, int batch, int width, int height) {
            return UNet2DConditionModel.graph(config, batch, height / factor, width / factor, TOKENS);
        }

        private static Graph vae(AutoencoderKLConfig config, int batch, int width, int height) {
            return AutoencoderKL.decodeGraph(config, batch, height / config.scaleFactor(), width / config.scaleFactor());
        }
    }

    /// What was measured.
    ///
    /// @param timing of whole runs
    /// @param steps of every kernel, in one further run
    /// @param arenaBytes memory for activations
    /// @param weightBytes memory for weights
    /// @param loadSeconds time to bring the weights into the device's form
    public record Result(Timing timing, List<Executable.StepProfile> steps, long arenaBytes, long weightBytes,
                         double loadSeconds) { }

    /// Runs a network `warmup` times uncounted, then `runs` times.
    ///
    /// @param warmup at least 1: the first run finishes the work of Java's compiler
    public static Result run(Device device, Subject subject, int warmup, int runs) {
        long start = System.nanoTime();
        try (DeviceWeights weights = device.weights(subject.weights());
             Executable executable = device.compile(subject.graph(), weights,
                     CompileOptions.defaults().withConstantInputs(Set.of("encoder_hidden_states")))) {
            double loadSeconds = (System.nanoTime() - start) * 1e-9;
            subject.setInputs(executable);
            executable.run();
            check(executable);
            Timing timing = Timing.of(subject.network().name().toLowerCase(Locale.ROOT), "",
                    Costs.of(subject.graph()).flops(), warmup - 1, runs, () -> {
                        executable.run();
                        executable.await();
                    });
            return new Result(timing, executable.profile(), executable.plan().arenaBytes(), weights.bytes(), loadSeconds);
        }
    }

    /// A network that computes nonsense must not be timed.
    private static void check(Executable executable) {
        for (String name : executable.outputs().keySet()) {
            for (float number : executable.get(name)) {
                if (!Float.isFinite(number)) {
                    throw new IllegalStateException("the output " + name + " is not finite");
                }
            }
        }
    }
}

package dev.cathode.engine.diffusion;

import dev.cathode.engine.diffusion.PipelineOptions.MemoryMode;
import dev.cathode.engine.diffusion.schedulers.Scheduler;
import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.diffusion.schedulers.Schedulers;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.ExtraTensors;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// The networks of a model, each loaded when first asked for. In [MemoryMode#LOW] the others leave memory then.
final class ModelParts implements AutoCloseable {
    private static final int COMPILED_SIZES = 4;

    /// What a U-Net's graph depends on.
    ///
    /// @param resident whether the sampler's step belongs to it, see [ResidentDenoising]
    record UNetSize(int batch, int channels, int height, int width, int length, boolean resident) { }

    /// What an autoencoder's graph depends on; height and width are those of its input.
    record VaeSize(boolean decode, int height, int width) { }

    private final ModelSource source;
    private final PipelineOptions options;
    private final Device device;
    private final UNet2DConditionConfig unetConfig;
    private final AutoencoderKLConfig vaeConfig;
    private final SchedulerConfig schedulerConfig;
    private final Tokenizer tokenizer;
    private CompiledNetwork<UNetSize> unet;
    private Variables samples;
    private CompiledNetwork<VaeSize> vae;

    private ModelParts(ModelSource source, PipelineOptions options, Device device) {
        this.source = source;
        this.options = options;
        this.device = device;
        unetConfig = UNet2DConditionConfig.parse(source.component("unet").config(), label("unet"));
        vaeConfig = AutoencoderKLConfig.parse(source.component("vae").config(), label("vae"));
        schedulerConfig = new SchedulerConfig(label("scheduler"), schedulerClass(), source.component("scheduler").config())
                .forStableDiffusion();
        tokenizer = Tokenizers.load(source.component("tokenizer").folder().orElseThrow(() -> new CheckpointException(
                source.source() + " has no tokenizer: name a diffusers folder that has one")));
    }

    /// Reads the configurations; weights come later.
    ///
    /// @param device closed with this, or at once if the model is refused
    static ModelParts open(Path path, PipelineOptions options, Device device) {
        ModelSource source = null;
        try {
            source = ModelSource.open(path, options.model());
            return new ModelParts(source, options, device);
        } catch (RuntimeException e) {
            device.close();
            if (source != null) {
                source.close();
            }
            throw e;
        }
    }

    /// The processor, as the options want it.
    static Device cpu(PipelineOptions options) {
        ConvolutionAlgorithm algorithm = switch (options.memory()) {
            case LOW -> ConvolutionAlgorithm.DIRECT;
            case NORMAL -> options.convolutions();
            case HIGH -> options.convolutions() == ConvolutionAlgorithm.AUTO ? ConvolutionAlgorithm.FASTEST
                    : options.convolutions();
        };
        return CpuDevice.open(new CpuOptions(options.threads(), algorithm, options.storage(), options.mixed()));
    }

    private String schedulerClass() {
        ModelComponent component = source.component("scheduler");
        return component.className().isEmpty() ? component.config().path("_class_name").asString("") : component.className();
    }

    private String label(String component) {
        return source.component(component).folder().map(Path::toString).orElse(source.source() + " (" + component + ")");
    }

    UNet2DConditionConfig unetConfig() {
        return unetConfig;
    }

    AutoencoderKLConfig vaeConfig() {
        return vaeConfig;
    }

    /// Pixels for each pixel of the latents, along each side.
    int scaleFactor() {
        return vaeConfig.scaleFactor();
    }

    boolean lowMemory() {
        return options.memory() == MemoryMode.LOW;
    }

    /// A scheduler with the model's noise schedule; the model's own if the name is empty.
    Scheduler scheduler(String name) {
        return Schedulers.of(name.isEmpty() ? schedulerConfig : Schedulers.named(name, schedulerConfig));
    }

    /// The text encoder, for the caller to close: it works for a moment, and half a gigabyte is better used elsewhere
    /// after that.
    TextEncoder openTextEncoder(GenerationListener listener) {
        freeOthers();
        listener.onPhase("loading the text encoder");
        ModelComponent component = source.component("text_encoder");
        TextEncoder encoder = new TextEncoder(device, component.config(), label("text_encoder"), component.weights(), tokenizer);
        if (encoder.hiddenSize() != unetConfig.crossAttentionDim()) {
            int size = encoder.hiddenSize();
            encoder.close();
            throw new CheckpointException(source.source() + ": the text encoder's hidden states have " + size
                    + " numbers, but the U-Net's cross_attention_dim is " + unetConfig.crossAttentionDim());
        }
        return encoder;
    }

    CompiledNetwork<UNetSize> unet(GenerationListener listener) {
        if (unet == null) {
            freeOthers();
            listener.onPhase("loading the U-Net");
            Checkpoint weights = source.component("unet").weights();
            ExtraTensors.refuse(weights, List.of(UNet2DConditionModel.graph(unetConfig, 1, 8, 8, 1)), List.of());
            samples = device.variables();
            unet = new CompiledNetwork<>(device, device.weights(weights, samples), this::unetGraph,
                    CompileOptions.defaults().withConstantInputs(Set.of("encoder_hidden_states")), 2);
        }
        return unet;
    }

    private Graph unetGraph(UNetSize size) {
        return size.resident() ? ResidentDenoising.graph(unetConfig, size, samples)
                : UNet2DConditionModel.graph(unetConfig, size.batch(), size.height(), size.width(), size.length());
    }

    /// What [ResidentDenoising] keeps on the device, once the U-Net is loaded.
    Variables samples() {
        return samples;
    }

    boolean isRemote() {
        return device.isRemote();
    }

    CompiledNetwork<VaeSize> vae(GenerationListener listener) {
        if (vae == null) {
            freeOthers();
            listener.onPhase("loading the autoencoder");
            Checkpoint weights = source.component("vae").weights();
            int side = scaleFactor();
            ExtraTensors.refuse(weights, List.of(vaeGraph(new VaeSize(true, 1, 1)), vaeGraph(new VaeSize(false, side, side))),
                    List.of());
            vae = new CompiledNetwork<>(device, device.weights(weights), this::vaeGraph, CompileOptions.defaults(),
                    COMPILED_SIZES);
        }
        return vae;
    }

    private Graph vaeGraph(VaeSize size) {
        return size.decode() ? AutoencoderKL.decodeGraph(vaeConfig, 1, size.height(), size.width())
                : AutoencoderKL.encodeGraph(vaeConfig, 1, size.height(), size.width());
    }

    /// In low memory mode there is one network at a time: the others go before the next is loaded.
    private void freeOthers() {
        if (lowMemory()) {
            closeNetworks();
        }
    }

    private void closeNetworks() {
        closeUNet();
        if (vae != null) {
            vae.close();
            vae = null;
        }
    }

    /// Gives the U-Net's memory back. It is loaded again if asked for again.
    void closeUNet() {
        if (unet != null) {
            unet.close();
            samples.close();
            unet = null;
        }
    }

    @Override
    public void close() {
        closeNetworks();
        device.close();
        source.close();
    }
}

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
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.ModelComponent;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// The networks of a model, each loaded when first asked for. In [MemoryMode#LOW] the others leave memory then.
final class ModelParts implements AutoCloseable {
    private static final int COMPILED_SIZES = 4;

    /// What a U-Net's graph depends on.
    ///
    /// @param resident whether the sampler's step belongs to it, see [ResidentDenoising]
    record UNetSize(int batch, int channels, int height, int width, int length, boolean resident) { }

    /// What an autoencoder's graph depends on; height and width are those of its input.
    record VaeSize(boolean decode, int height, int width) { }

    private final ModelFiles files;
    private final PipelineOptions options;
    private final Device device;
    private CompiledNetwork<UNetSize> unet;
    private Variables samples;
    private CompiledNetwork<VaeSize> vae;

    private ModelParts(ModelFiles files, PipelineOptions options, Device device) {
        this.files = files;
        this.options = options;
        this.device = device;
    }

    /// Reads the configurations; weights come later.
    ///
    /// @param device closed with this, or at once if the model is refused
    static ModelParts open(Path path, PipelineOptions options, Device device) {
        try {
            return new ModelParts(ModelFiles.open(path, options.model()), options, device);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    /// The same on the processor. Its kernels are written meanwhile, by a thread of their own: for a virtual machine
    /// that has just started each takes half a second.
    static ModelParts open(Path path, PipelineOptions options) {
        CompletableFuture<Device> device = CompletableFuture.supplyAsync(() -> cpu(options),
                task -> Thread.ofPlatform().daemon().name("cathode-kernels").start(task));
        ModelFiles files;
        try {
            files = ModelFiles.open(path, options.model());
        } catch (RuntimeException e) {
            device.thenAccept(Device::close);
            throw e;
        }
        try {
            return new ModelParts(files, options, device.join());
        } catch (CompletionException e) {
            files.close();
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw e;
            }
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

    UNet2DConditionConfig unetConfig() {
        return files.unet();
    }

    AutoencoderKLConfig vaeConfig() {
        return files.vae();
    }

    /// Pixels for each pixel of the latents, along each side.
    int scaleFactor() {
        return files.vae().scaleFactor();
    }

    boolean lowMemory() {
        return options.memory() == MemoryMode.LOW;
    }

    /// A scheduler with the model's noise schedule; the model's own if the name is empty.
    Scheduler scheduler(String name) {
        return Schedulers.of(name.isEmpty() ? files.scheduler() : Schedulers.named(name, files.scheduler()));
    }

    /// The text encoder, for the caller to close: it works for a moment, and half a gigabyte is better used elsewhere
    /// after that.
    TextEncoder openTextEncoder(GenerationListener listener) {
        freeOthers();
        listener.onPhase("loading the text encoder");
        ModelComponent component = files.source().component("text_encoder");
        TextEncoder encoder = new TextEncoder(device, component.config(), files.label("text_encoder"), component.weights(),
                files.tokenizer());
        if (encoder.hiddenSize() != files.unet().crossAttentionDim()) {
            int size = encoder.hiddenSize();
            encoder.close();
            throw new CheckpointException(files.source().source() + ": the text encoder's hidden states have " + size
                    + " numbers, but the U-Net's cross_attention_dim is " + files.unet().crossAttentionDim());
        }
        return encoder;
    }

    CompiledNetwork<UNetSize> unet(GenerationListener listener) {
        if (unet == null) {
            freeOthers();
            listener.onPhase("loading the U-Net");
            Checkpoint weights = files.source().component("unet").weights();
            ExtraTensors.refuse(weights, List.of(UNet2DConditionModel.graph(files.unet(), 1, 8, 8, 1)), List.of());
            samples = device.variables();
            unet = new CompiledNetwork<>(device, device.weights(weights, samples), this::unetGraph,
                    CompileOptions.defaults().withConstantInputs(Set.of("encoder_hidden_states")), 2);
        }
        return unet;
    }

    private Graph unetGraph(UNetSize size) {
        return size.resident() ? ResidentDenoising.graph(files.unet(), size, samples)
                : UNet2DConditionModel.graph(files.unet(), size.batch(), size.height(), size.width(), size.length());
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
            Checkpoint weights = files.source().component("vae").weights();
            int side = scaleFactor();
            ExtraTensors.refuse(weights, List.of(vaeGraph(new VaeSize(true, 1, 1)), vaeGraph(new VaeSize(false, side, side))),
                    List.of());
            vae = new CompiledNetwork<>(device, device.weights(weights), this::vaeGraph, CompileOptions.defaults(),
                    COMPILED_SIZES);
        }
        return vae;
    }

    private Graph vaeGraph(VaeSize size) {
        return size.decode() ? AutoencoderKL.decodeGraph(files.vae(), 1, size.height(), size.width())
                : AutoencoderKL.encodeGraph(files.vae(), 1, size.height(), size.width());
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
        files.close();
    }
}

package dev.cathode.cli;

import dev.cathode.engine.graph.Costs;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.BertConfig;
import dev.cathode.engine.models.BertModel;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.io.PrintWriter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What making a picture of a certain size takes, computed from the networks' graphs without running them.
final class RunCosts {
    private static final int GUIDANCE = 2; // the network runs on the prompt and on the negative prompt

    private RunCosts() { }

    /// Counts for a model with U-Net, autoencoder and text encoder.
    ///
    /// @param wish size of the picture; null for the model's own
    /// @throws IllegalArgumentException if the model cannot make pictures of this size
    static ObjectNode of(ModelSource model, ImageSize wish) {
        UNet2DConditionConfig unet =
                UNet2DConditionConfig.parse(model.component("unet").config(), model.source() + " (unet)");
        AutoencoderKLConfig vae = AutoencoderKLConfig.parse(model.component("vae").config(), model.source() + " (vae)");
        int factor = vae.scaleFactor();
        ImageSize size = wish == null ? new ImageSize(unet.sampleSize() * factor, unet.sampleSize() * factor) : wish;
        if (!size.equals(size.whole(factor))) {
            throw new IllegalArgumentException("--size " + size + ": width and height must be multiples of " + factor);
        }
        int height = size.height() / factor;
        int width = size.width() / factor;
        Text text = text(model.component("text_encoder"), model.source() + " (text_encoder)");
        Graph step = UNet2DConditionModel.graph(unet, GUIDANCE, height, width, text.length());
        Graph decoder = AutoencoderKL.decodeGraph(vae, 1, height, width);
        ObjectNode run = Json.object();
        run.put("width", size.width()).put("height", size.height());
        run.put("textFlops", GUIDANCE * Costs.of(text.graph()).flops());
        run.put("stepFlops", Costs.of(step).flops());
        run.put("decodeFlops", Costs.of(decoder).flops());
        CpuOptions normal = CpuOptions.defaults();
        ObjectNode bytes = run.putObject("memoryBytes");
        // all networks at once; or one at a time, without transformed weights
        bytes.put("normal", Networks.of(model, text.graph(), step, decoder, normal).together());
        bytes.put("low", Networks.of(model, text.graph(), step, decoder,
                normal.withConvolutions(ConvolutionAlgorithm.DIRECT)).largest());
        return run;
    }

    /// Bytes that each network needs: weights in the form of the kernels, and all activations.
    private record Networks(long text, long unet, long decoder) {
        static Networks of(ModelSource model, Graph text, Graph step, Graph decoder, CpuOptions options) {
            try (CpuDevice device = CpuDevice.open(options)) {
                return new Networks(bytes(device, model, "text_encoder", text), bytes(device, model, "unet", step),
                        bytes(device, model, "vae", decoder));
            }
        }

        private static long bytes(CpuDevice device, ModelSource model, String component, Graph graph) {
            try (DeviceWeights weights = device.weights(model.component(component).weights())) {
                return device.requiredBytes(graph, weights, CompileOptions.defaults());
            }
        }

        long together() {
            return text + unet + decoder;
        }

        long largest() {
            return Math.max(text, Math.max(unet, decoder));
        }
    }

    private record Text(Graph graph, int length) { }

    private static Text text(ModelComponent component, String label) {
        if (component.className().startsWith("Bert")) {
            BertConfig config = BertConfig.parse(component.config(), label);
            int length = Math.min(config.maxPositionEmbeddings(), 77); // reports are cut to what CLIP takes
            return new Text(BertModel.graph(config, 1, length, true, false), length);
        }
        CLIPTextConfig config = CLIPTextConfig.parse(component.config(), label);
        return new Text(CLIPTextModel.graph(config, 1, config.maxPositionEmbeddings()),
                config.maxPositionEmbeddings());
    }

    /// Prints the counts.
    static void print(JsonNode run, PrintWriter out) {
        out.println("a picture of " + run.get("width") + "x" + run.get("height") + ":");
        out.printf("  %-34s %s%n", "text encoder, both prompts", Sizes.flops(run.get("textFlops").doubleValue()));
        out.printf("  %-34s %s%n", "U-Net, each step, with guidance", Sizes.flops(run.get("stepFlops").doubleValue()));
        out.printf("  %-34s %s%n", "decoder", Sizes.flops(run.get("decodeFlops").doubleValue()));
        JsonNode memory = run.get("memoryBytes");
        out.printf("  %-34s %s, with --memory low %s%n", "memory beside Java's own",
                Sizes.bytes(memory.get("normal").longValue()), Sizes.bytes(memory.get("low").longValue()));
    }
}

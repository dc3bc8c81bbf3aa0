package dev.cathode.engine.models;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The networks of Stable Diffusion 1.4 as published: what benchmarks run and what a U-Net trained from scratch starts
/// from. Configurations only; the weights are a download.
public final class StableDiffusion14 {
    private StableDiffusion14() { }

    /// 859,520,964 parameters.
    public static UNet2DConditionConfig unet() {
        return UNet2DConditionConfig.parse(json("unet.json"), "unet.json");
    }

    /// 83,653,863 parameters.
    public static AutoencoderKLConfig vae() {
        return AutoencoderKLConfig.parse(json("vae.json"), "vae.json");
    }

    /// 123,060,480 parameters: CLIP ViT-L/14's.
    public static CLIPTextConfig textEncoder() {
        return CLIPTextConfig.parse(json("text_encoder.json"), "text_encoder.json");
    }

    private static JsonNode json(String name) {
        try (InputStream in = StableDiffusion14.class.getResourceAsStream("stable-diffusion-v1-4/" + name)) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

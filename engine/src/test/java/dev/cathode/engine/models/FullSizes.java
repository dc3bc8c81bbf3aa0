package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.kernels.cpu.Activation;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// The networks at the sizes that are published: Stable Diffusion 1.4's, BERT base, CLIP ViT-B/32's vision tower,
/// torchxrayvision's DenseNet-121.
final class FullSizes {
    private static final JsonMapper JSON = new JsonMapper();
    static final UNet2DConditionConfig UNET =
            UNet2DConditionConfig.parse(JSON.readTree("{\"cross_attention_dim\": 768}"), "U-Net");
    static final AutoencoderKLConfig VAE =
            new AutoencoderKLConfig(3, 3, List.of(128, 256, 512, 512), 2, 4, 32, 512, 0.18215, true, true, true);
    static final CLIPTextConfig CLIP_TEXT =
            new CLIPTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5, 49407);
    static final CLIPVisionConfig CLIP_VISION =
            new CLIPVisionConfig(768, 3072, 12, 12, 3, 224, 32, Activation.QUICK_GELU, 1e-5, 512);
    static final BertConfig BERT = new BertConfig(30522, 768, 12, 12, 3072, Activation.GELU, 512, 2, 1e-12, 0);
    static final DenseNetConfig DENSE_NET = DenseNetConfig.denseNet121(1, 18);

    private FullSizes() { }

    /// The U-Net for one square latent.
    static Graph unet(int side) {
        return UNet2DConditionModel.graph(UNET, 1, side, side, 77);
    }
}

/// The networks: each a pure function from a configuration (the model's `config.json`) to a graph, with the parameter
/// names of diffusers, transformers and torchvision.
///
/// * [dev.cathode.engine.models.UNet2DConditionModel] predicts the noise of a latent; it is made of `ResnetBlock2D` and
///   `Transformer2D`.
/// * [dev.cathode.engine.models.AutoencoderKL] turns pictures into latents and back;
///   [dev.cathode.engine.models.DiagonalGaussianDistribution] and [dev.cathode.engine.models.TiledDecoder] are its two
///   companions on the host.
/// * [dev.cathode.engine.models.CLIPTextModel], [dev.cathode.engine.models.BertModel] and
///   [dev.cathode.engine.models.CLIPVisionModel] turn texts and pictures into numbers.
/// * [dev.cathode.engine.models.DenseNet] judges pictures.
///
/// Every model has `graph(...)`, the network alone in a graph with its customary inputs and outputs, and
/// `forward(...)`, which adds it to any graph (to train two networks together).
package dev.cathode.engine.models;

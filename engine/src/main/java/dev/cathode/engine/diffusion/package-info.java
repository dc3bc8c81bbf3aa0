/// From a prompt to an image: [dev.cathode.engine.diffusion.StableDiffusionPipeline] and what it is asked with
/// ([dev.cathode.engine.diffusion.ImageRequest]) and answers with ([dev.cathode.engine.diffusion.GeneratedImage]).
package dev.cathode.engine.diffusion;

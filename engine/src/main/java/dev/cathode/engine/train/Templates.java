package dev.cathode.engine.train;

import java.util.List;

/// The sentences that a new token is put into: those of textual inversion's published code (Gal et al. 2022,
/// https://arxiv.org/abs/2208.01618), a choice from CLIP's templates for ImageNet.
final class Templates {
    private static final List<String> BEFORE = List.of("a photo of a", "a rendering of a", "a cropped photo of the",
            "the photo of a", "a photo of a clean", "a photo of a dirty", "a dark photo of the", "a photo of my",
            "a photo of the cool", "a close-up photo of a", "a bright photo of the", "a cropped photo of a",
            "a photo of the", "a good photo of the", "a photo of one", "a close-up photo of the", "a rendition of the",
            "a photo of the clean", "a rendition of a", "a photo of a nice", "a good photo of a", "a photo of the nice",
            "a photo of the small", "a photo of the weird", "a photo of the large", "a photo of a cool",
            "a photo of a small");

    private Templates() { }

    static int count() {
        return BEFORE.size();
    }

    /// A sentence with the token.
    static String with(int number, String token) {
        return BEFORE.get(number) + ' ' + token;
    }
}

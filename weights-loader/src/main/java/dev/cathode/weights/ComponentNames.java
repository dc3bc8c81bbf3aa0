package dev.cathode.weights;

import dev.cathode.weights.RenamedCheckpoint.Part;
import dev.cathode.weights.RenamedCheckpoint.ToConvolution;
import dev.cathode.weights.RenamedCheckpoint.ToLinear;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.names.LdmUNet;
import dev.cathode.weights.names.LdmVae;
import dev.cathode.weights.names.OpenClip;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Brings the parameter names of published files to those of diffusers and transformers. All methods are views: nothing
/// is read or copied.
public final class ComponentNames {
    /// What original files put before U-Net parameters.
    public static final String LDM_UNET = "model.diffusion_model.";
    /// What original files put before autoencoder parameters.
    public static final String LDM_VAE = "first_stage_model.";
    /// What original files put before the text encoder's parameters.
    public static final String LDM_TEXT = "cond_stage_model.transformer.";
    /// What Stable Diffusion 2's original files put before the text encoder's parameters.
    public static final String LDM_OPEN_CLIP = "cond_stage_model.model.";

    private static final String EMA = "model_ema.";
    private static final List<String> CLIP_PARTS =
            List.of("embeddings.", "encoder.", "final_layer_norm.", "pre_layrnorm.", "post_layernorm.");
    private static final Map<String, String> OLD_VAE_ATTENTION =
            Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
    private static final Pattern DOTTED_LAYER = Pattern.compile("(\\.denselayer\\d+\\.(?:norm|conv))\\.([12])(\\.)");

    private ComponentNames() {
    }

    /// A U-Net of diffusers, of an original file (with or without the rest of the pipeline), or of either kind.
    ///
    /// @param ema take the moving average of the weights where an original file has one
    /// @throws CheckpointException if an original U-Net has parameters that Stable Diffusion 1 and 2 do not have, or
    ///     `ema` is asked for and absent
    public static Checkpoint unet(Checkpoint file, boolean ema) {
        Set<String> original = within(file.names(), LDM_UNET);
        if (original.isEmpty()) {
            return file.names().contains("input_blocks.0.0.weight") ? ldmUNet(file, file.names(), "", ema) : file;
        }
        return ldmUNet(file, original, LDM_UNET, ema);
    }

    private static Checkpoint ldmUNet(Checkpoint file, Set<String> names, String prefix, boolean ema) {
        LdmUNet ldm = LdmUNet.ofLdm(names);
        Map<String, Part> parts = new LinkedHashMap<>();
        for (String name : names) {
            String renamed = ldm.toDiffusers(name).orElseThrow(() -> new CheckpointException(file.source() + ": tensor "
                    + Quote.of(prefix + name) + " belongs to no U-Net of Stable Diffusion 1 or 2"));
            String source = ema ? EMA + ("diffusion_model." + name).replace(".", "") : prefix + name;
            if (ema && !file.names().contains(source)) {
                throw new CheckpointException(file.source() + ": holds no moving average of tensor "
                        + Quote.of(prefix + name) + "; load it without EMA");
            }
            parts.put(renamed, Part.of(source));
        }
        return new RenamedCheckpoint(file, parts);
    }

    /// An autoencoder of diffusers (also with the attention names of before 2023), or of an original file, with or
    /// without the rest of the pipeline.
    public static Checkpoint vae(Checkpoint file) {
        Set<String> original = within(file.names(), LDM_VAE);
        String prefix = original.isEmpty() ? "" : LDM_VAE;
        Set<String> names = original.isEmpty() ? file.names() : original;
        boolean ldm = names.stream()
                .anyMatch(name -> name.startsWith("encoder.down.") || name.startsWith("decoder.up."));
        LdmVae table = LdmVae.of(names);
        Map<String, Part> parts = new LinkedHashMap<>();
        for (String name : names) {
            if (ldm) {
                // Training files also hold the discriminator ("loss."): left out.
                table.toDiffusers(name).ifPresent(n -> parts.put(n, projection(n, prefix + name)));
            } else {
                String renamed = newVaeAttention(name);
                parts.put(renamed, projection(renamed, prefix + name));
            }
        }
        return new RenamedCheckpoint(file, parts);
    }

    private static Part projection(String name, String source) {
        return LdmVae.isProjection(name) ? Part.of(source, new ToLinear()) : Part.of(source);
    }

    private static String newVaeAttention(String name) {
        int leaf = name.lastIndexOf('.');
        int module = name.lastIndexOf('.', leaf - 1);
        if (!name.contains(".attentions.") || module < 0) {
            return name;
        }
        String renamed = OLD_VAE_ATTENTION.get(name.substring(module + 1, leaf));
        return renamed == null ? name : name.substring(0, module + 1) + renamed + name.substring(leaf);
    }

    /// A CLIP text encoder: of transformers (names with or without `text_model.`), or within an original file of Stable
    /// Diffusion 1 or 2. Names begin with `text_model.`; counted positions are left out.
    public static Checkpoint clipText(Checkpoint file) {
        Set<String> openClip = within(file.names(), LDM_OPEN_CLIP);
        if (!openClip.isEmpty()) {
            return new RenamedCheckpoint(file, OpenClip.toTransformers(openClip, LDM_OPEN_CLIP));
        }
        boolean original = file.names().stream().anyMatch(name -> name.startsWith(LDM_TEXT));
        String prefix = original ? LDM_TEXT : "";
        return rename(file, name -> name.startsWith(prefix) && !name.startsWith(prefix + "vision_model.")
                && !isCounted(name), name -> clip(name.substring(prefix.length()), "text_model."));
    }

    /// A CLIP image encoder of transformers, names with or without `vision_model.`; they get it.
    public static Checkpoint clipVision(Checkpoint file) {
        return rename(file, name -> !name.startsWith("text_model.") && !isCounted(name),
                name -> clip(name, "vision_model."));
    }

    private static String clip(String name, String model) {
        return CLIP_PARTS.stream().anyMatch(name::startsWith) ? model + name : name;
    }

    /// A BERT encoder of transformers: `bert.` before names is dropped, `gamma` and `beta` become `weight` and `bias`,
    /// heads for pre-training (`cls.`) and counted positions are left out.
    public static Checkpoint bert(Checkpoint file) {
        return rename(file, name -> !name.startsWith("cls.") && !isCounted(name), name -> {
            String bare = name.startsWith("bert.") ? name.substring("bert.".length()) : name;
            return bare.endsWith(".gamma") ? bare.substring(0, bare.length() - "gamma".length()) + "weight"
                    : bare.endsWith(".beta") ? bare.substring(0, bare.length() - "beta".length()) + "bias" : bare;
        });
    }

    /// A DenseNet of torchvision or torchxrayvision: the layers' `norm.1` and `conv.1` of torchvision's published files
    /// become `norm1` and `conv1`; torchxrayvision's thresholds are left out.
    public static Checkpoint denseNet(Checkpoint file) {
        return rename(file, name -> !name.equals("op_threshs"),
                name -> DOTTED_LAYER.matcher(name).replaceFirst("$1$2$3"));
    }

    /// The names of an original single file for the components of a pipeline, to be written with [SafetensorsWriter].
    /// Stable Diffusion 2, known by its linear projections, gets OpenCLIP's names for its text encoder.
    ///
    /// @param unet in diffusers' names
    /// @param vae in diffusers' names
    /// @param text in transformers' names
    /// @throws CheckpointException if a parameter has no original name
    public static Checkpoint toSingleFile(Checkpoint unet, Checkpoint vae, Checkpoint text) {
        Map<String, Part> unetParts = new LinkedHashMap<>();
        LdmUNet ldmUNet = LdmUNet.ofDiffusers(unet.names());
        unet.names().forEach(name -> unetParts.put(LDM_UNET + ldmUNet.toLdm(name, unet.names())
                .orElseThrow(() -> noOriginal(unet, name)), Part.of(name)));
        Map<String, Part> vaeParts = new LinkedHashMap<>();
        LdmVae ldmVae = LdmVae.of(vae.names());
        vae.names().forEach(name -> vaeParts.put(LDM_VAE + ldmVae.toLdm(name)
                .orElseThrow(() -> noOriginal(vae, name)), Part.of(name,
                        LdmVae.isProjection(name) ? new ToConvolution() : new RenamedCheckpoint.Keep())));
        Map<String, Part> textParts = hasLinearProjections(unet)
                ? OpenClip.fromTransformers(text.names(), LDM_OPEN_CLIP)
                : text.names().stream().collect(Collectors.toMap(name -> LDM_TEXT + name, Part::of, (a, b) -> a,
                        LinkedHashMap::new));
        return new JoinedCheckpoint(List.of(new RenamedCheckpoint(unet, unetParts),
                new RenamedCheckpoint(vae, vaeParts), new RenamedCheckpoint(text, textParts)));
    }

    /// Whether a U-Net (diffusers' names) projects to its transformers by linear layers: Stable Diffusion 2 does.
    static boolean hasLinearProjections(Checkpoint unet) {
        return unet.names().stream().filter(name -> name.endsWith(".proj_in.weight")).findFirst()
                .map(name -> unet.tensor(name).shape().size() == 2).orElse(false);
    }

    private static CheckpointException noOriginal(Checkpoint file, String name) {
        return new CheckpointException(file.source() + ": tensor " + Quote.of(name)
                + " has no name in an original Stable Diffusion file");
    }

    private static boolean isCounted(String name) {
        return name.endsWith("position_ids");
    }

    private static Set<String> within(Collection<String> names, String prefix) {
        return names.stream().filter(name -> name.startsWith(prefix)).map(name -> name.substring(prefix.length()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Checkpoint rename(Checkpoint file, Predicate<String> keep, Function<String, String> renaming) {
        Map<String, Part> parts = new LinkedHashMap<>();
        file.names().stream().filter(keep).forEach(name -> {
            if (parts.put(renaming.apply(name), Part.of(name)) != null) {
                throw new CheckpointException(file.source() + ": holds tensor " + Quote.of(name) + " twice, as "
                        + Quote.of(renaming.apply(name)) + " too");
            }
        });
        return new RenamedCheckpoint(file, parts);
    }
}

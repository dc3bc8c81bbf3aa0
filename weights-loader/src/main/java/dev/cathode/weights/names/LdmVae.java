package dev.cathode.weights.names;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of autoencoder parameters in original Stable Diffusion files, without their prefix `first_stage_model.`.
/// There, levels are counted by resolution in both directions, and attention's projections are 1x1 convolutions.
///
/// @param levels number of resolutions
public record LdmVae(int levels) {
    private static final Map<String, String> ATTENTION = Map.of(
            "norm", "group_norm", "q", "to_q", "k", "to_k", "v", "to_v", "proj_out", "to_out.0");
    private static final Map<String, String> ATTENTION_BACK = Tables.inverse(ATTENTION);

    private static final Pattern LDM_BLOCK =
            Pattern.compile("(encoder\\.down|decoder\\.up)\\.(\\d{1,4})\\.block\\.(\\d{1,4})\\.(.+)");
    private static final Pattern LDM_SAMPLER =
            Pattern.compile("(encoder\\.down|decoder\\.up)\\.(\\d{1,4})\\.(down|up)sample\\.(.+)");
    private static final Pattern LDM_MID = Pattern.compile("(encoder|decoder)\\.mid\\.(block_[12]|attn_1)\\.(.+)");
    private static final Pattern BLOCK = Pattern.compile("(encoder\\.down|decoder\\.up)_blocks\\.(\\d{1,4})\\."
            + "(resnets|downsamplers|upsamplers)\\.(\\d{1,4})\\.(.+)");
    private static final Pattern MID =
            Pattern.compile("(encoder|decoder)\\.mid_block\\.(resnets|attentions)\\.([01])\\.(.+)");
    private static final Pattern LEVEL =
            Pattern.compile("(?:encoder\\.down|decoder\\.up)(?:_blocks)?\\.(\\d{1,4})\\..+");
    private static final Pattern OUTER = Pattern.compile(
            "(encoder|decoder)\\.(conv_in|conv_out|norm_out|conv_norm_out)\\.(.+)|(post_)?quant_conv\\.(.+)");

    /// Finds the number of resolutions, in names of either kind.
    public static LdmVae of(Collection<String> names) {
        return new LdmVae(1 + Math.max(0, Tables.largest(names, LEVEL)));
    }

    /// Whether a parameter (diffusers' name) is a 1x1 convolution in original files and linear in diffusers.
    public static boolean isProjection(String name) {
        return name.contains(".attentions.") && name.endsWith(".weight") && !name.contains("group_norm");
    }

    /// diffusers' name of a parameter; empty where there is none.
    public Optional<String> toDiffusers(String name) {
        Matcher block = LDM_BLOCK.matcher(name);
        if (block.matches()) {
            return Optional.of(level(block) + ".resnets." + block.group(3) + "."
                    + block.group(4).replace("nin_shortcut", "conv_shortcut"));
        }
        Matcher sampler = LDM_SAMPLER.matcher(name);
        if (sampler.matches()) {
            return Optional.of(level(sampler) + "." + sampler.group(3) + "samplers.0." + sampler.group(4));
        }
        Matcher mid = LDM_MID.matcher(name);
        if (mid.matches()) {
            String rest = mid.group(3);
            String where = mid.group(1) + ".mid_block.";
            return mid.group(2).equals("attn_1") ? attention(rest, ATTENTION).map(r -> where + "attentions.0." + r)
                    : Optional.of(where + "resnets." + (mid.group(2).equals("block_1") ? 0 : 1) + "." + rest);
        }
        return OUTER.matcher(name).matches() ? Optional.of(name.replace(".norm_out.", ".conv_norm_out."))
                : Optional.empty();
    }

    /// The original name of a parameter; empty where there is none.
    public Optional<String> toLdm(String name) {
        Matcher block = BLOCK.matcher(name);
        if (block.matches()) {
            int level = Integer.parseInt(block.group(2));
            String where = block.group(1) + "." + (block.group(1).startsWith("encoder") ? level : levels - 1 - level);
            return Optional.of(switch (block.group(3)) {
                case "resnets" -> where + ".block." + block.group(4) + "."
                        + block.group(5).replace("conv_shortcut", "nin_shortcut");
                case "downsamplers" -> where + ".downsample." + block.group(5);
                default -> where + ".upsample." + block.group(5);
            });
        }
        Matcher mid = MID.matcher(name);
        if (mid.matches()) {
            String where = mid.group(1) + ".mid.";
            return mid.group(2).equals("attentions")
                    ? attention(mid.group(4), ATTENTION_BACK).map(rest -> where + "attn_1." + rest)
                    : Optional.of(where + "block_" + (1 + Integer.parseInt(mid.group(3))) + "." + mid.group(4));
        }
        return OUTER.matcher(name).matches() ? Optional.of(name.replace(".conv_norm_out.", ".norm_out."))
                : Optional.empty();
    }

    private String level(Matcher match) {
        int level = Integer.parseInt(match.group(2));
        return match.group(1) + "_blocks." + (match.group(1).startsWith("encoder") ? level : levels - 1 - level);
    }

    private static Optional<String> attention(String rest, Map<String, String> table) {
        return Optional.ofNullable(table.get(Tables.module(rest))).map(module -> module + Tables.leaf(rest));
    }
}

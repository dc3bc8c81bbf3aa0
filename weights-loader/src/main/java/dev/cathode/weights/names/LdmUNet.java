package dev.cathode.weights.names;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of U-Net parameters in original Stable Diffusion files, without their prefix `model.diffusion_model.`.
///
/// There, blocks are counted through all levels: with n layers a level, `input_blocks.0` is the first convolution and
/// each level takes n blocks and one for its downsampling; in the way up each level takes n + 1 blocks, and the
/// upsampling is the last module of its last block.
///
/// @param layers the config's `layers_per_block`
public record LdmUNet(int layers) {
    private static final Map<String, String> TOP = Map.of(
            "time_embed.0", "time_embedding.linear_1", "time_embed.2", "time_embedding.linear_2",
            "input_blocks.0.0", "conv_in", "out.0", "conv_norm_out", "out.2", "conv_out");
    private static final Map<String, String> RESNET = Map.of(
            "in_layers.0", "norm1", "in_layers.2", "conv1", "emb_layers.1", "time_emb_proj",
            "out_layers.0", "norm2", "out_layers.3", "conv2", "skip_connection", "conv_shortcut");
    private static final Map<String, String> TOP_BACK = Tables.inverse(TOP);
    private static final Map<String, String> RESNET_BACK = Tables.inverse(RESNET);

    private static final Pattern LDM = Pattern.compile("(input_blocks|output_blocks)\\.(\\d{1,4})\\.(\\d)\\.(.+)");
    private static final Pattern LDM_MIDDLE = Pattern.compile("middle_block\\.([012])\\.(.+)");
    private static final Pattern DIFFUSERS = Pattern.compile(
            "(down_blocks|up_blocks)\\.(\\d{1,4})\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d{1,4})\\.(.+)");
    private static final Pattern DIFFUSERS_MIDDLE = Pattern.compile("mid_block\\.(resnets|attentions)\\.([01])\\.(.+)");
    private static final Pattern DOWNSAMPLING = Pattern.compile("input_blocks\\.(\\d{1,4})\\.0\\.op\\.weight");
    private static final Pattern INPUT_BLOCK = Pattern.compile("input_blocks\\.(\\d{1,4})\\..+");
    private static final Pattern FIRST_LEVEL = Pattern.compile("down_blocks\\.0\\.resnets\\.(\\d{1,4})\\..+");

    /// Finds the layers a level in names of original files: the first downsampling follows those of the first level.
    public static LdmUNet ofLdm(Collection<String> names) {
        int down = Tables.smallest(names, DOWNSAMPLING);
        return new LdmUNet(down > 1 ? down - 1 : Math.max(1, Tables.largest(names, INPUT_BLOCK)));
    }

    /// Finds the layers a level in diffusers' names.
    public static LdmUNet ofDiffusers(Collection<String> names) {
        return new LdmUNet(1 + Math.max(0, Tables.largest(names, FIRST_LEVEL)));
    }

    /// diffusers' name of a parameter; empty where there is none.
    public Optional<String> toDiffusers(String name) {
        String module = Tables.module(name);
        if (TOP.containsKey(module)) {
            return Optional.of(TOP.get(module) + Tables.leaf(name));
        }
        Matcher middle = LDM_MIDDLE.matcher(name);
        if (middle.matches()) {
            int index = Integer.parseInt(middle.group(1));
            return index == 1 ? Optional.of("mid_block.attentions.0." + middle.group(2))
                    : resnet(middle.group(2), RESNET).map(rest -> "mid_block.resnets." + index / 2 + "." + rest);
        }
        Matcher block = LDM.matcher(name);
        if (!block.matches()) {
            return Optional.empty();
        }
        boolean down = block.group(1).equals("input_blocks");
        int index = Integer.parseInt(block.group(2)) - (down ? 1 : 0);
        int level = index / (layers + 1);
        int layer = index % (layers + 1);
        String rest = block.group(4);
        String where = (down ? "down_blocks." : "up_blocks.") + level;
        if (down && layer == layers) {
            return rest.startsWith("op.") ? Optional.of(where + ".downsamplers.0.conv." + rest.substring(3))
                    : Optional.empty();
        }
        if (block.group(3).equals("0")) {
            return resnet(rest, RESNET).map(r -> where + ".resnets." + layer + "." + r);
        }
        return Optional.of(!down && rest.startsWith("conv.") ? where + ".upsamplers.0." + rest
                : where + ".attentions." + layer + "." + rest);
    }

    /// The original name of a parameter; empty where there is none.
    ///
    /// @param names all of diffusers' names: where the upsampling goes depends on whether the level has attention
    public Optional<String> toLdm(String name, Collection<String> names) {
        String module = Tables.module(name);
        if (TOP_BACK.containsKey(module)) {
            return Optional.of(TOP_BACK.get(module) + Tables.leaf(name));
        }
        Matcher middle = DIFFUSERS_MIDDLE.matcher(name);
        if (middle.matches()) {
            int index = Integer.parseInt(middle.group(2));
            return middle.group(1).equals("attentions") ? Optional.of("middle_block.1." + middle.group(3))
                    : resnet(middle.group(3), RESNET_BACK).map(rest -> "middle_block." + 2 * index + "." + rest);
        }
        Matcher block = DIFFUSERS.matcher(name);
        if (!block.matches()) {
            return Optional.empty();
        }
        boolean down = block.group(1).equals("down_blocks");
        int first = Integer.parseInt(block.group(2)) * (layers + 1) + (down ? 1 : 0);
        int layer = Integer.parseInt(block.group(4));
        String where = down ? "input_blocks." : "output_blocks.";
        String rest = block.group(5);
        return switch (block.group(3)) {
            case "downsamplers" -> Optional.of(where + (first + layers) + ".0.op" + Tables.leaf(name));
            case "upsamplers" -> {
                boolean attention = names.contains("up_blocks." + block.group(2) + ".attentions.0.norm.weight");
                yield Optional.of(where + (first + layers) + (attention ? ".2." : ".1.") + rest);
            }
            case "attentions" -> Optional.of(where + (first + layer) + ".1." + rest);
            default -> resnet(rest, RESNET_BACK).map(r -> where + (first + layer) + ".0." + r);
        };
    }

    private static Optional<String> resnet(String rest, Map<String, String> table) {
        return Optional.ofNullable(table.get(Tables.module(rest))).map(module -> module + Tables.leaf(rest));
    }
}

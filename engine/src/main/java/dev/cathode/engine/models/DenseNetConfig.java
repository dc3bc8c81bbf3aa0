package dev.cathode.engine.models;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The configuration of a [DenseNet]: the arguments of torchvision's `DenseNet`, and the channels of its pictures,
/// which torchxrayvision calls `in_channels`.
///
/// @param growthRate channels that each layer adds
/// @param blockConfig layers of each dense block
/// @param numInitFeatures channels after the first convolution
/// @param bnSize channels inside a layer, in multiples of the growth rate
/// @param numClasses logits
/// @param inChannels channels of pictures
public record DenseNetConfig(int growthRate, List<Integer> blockConfig, int numInitFeatures, int bnSize, int numClasses,
                             int inChannels) {
    /// Checks the sizes.
    ///
    /// @throws IllegalArgumentException if one is not positive
    public DenseNetConfig {
        blockConfig = List.copyOf(blockConfig);
        boolean positive = growthRate > 0 && numInitFeatures > 0 && bnSize > 0 && numClasses > 0 && inChannels > 0;
        if (!positive || blockConfig.isEmpty() || blockConfig.stream().anyMatch(layers -> layers < 1)) {
            throw new IllegalArgumentException("a DenseNet's sizes must be positive, with at least one dense block, not"
                    + " growth_rate " + growthRate + ", block_config " + blockConfig + ", num_init_features "
                    + numInitFeatures + ", bn_size " + bnSize + ", num_classes " + numClasses + ", in_channels "
                    + inChannels);
        }
    }

    /// DenseNet-121, the size that torchxrayvision uses.
    public static DenseNetConfig denseNet121(int inChannels, int numClasses) {
        return new DenseNetConfig(32, List.of(6, 12, 24, 16), 64, 4, numClasses, inChannels);
    }

    /// Channels of the features.
    public int numFeatures() {
        int channels = numInitFeatures;
        for (int i = 0; i < blockConfig.size(); i++) {
            channels = (i == 0 ? channels : channels / 2) + blockConfig.get(i) * growthRate;
        }
        return channels;
    }

    /// Reads a `config.json`; missing keys have torchvision's defaults, those of a DenseNet-121.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key or its value is not supported
    public static DenseNetConfig parse(JsonNode json, String file) {
        ConfigFields f = new ConfigFields(json, file);
        f.only("drop_rate", 0);
        int growthRate = f.integer("growth_rate", 32);
        List<Integer> blockConfig = f.integers("block_config", List.of(6, 12, 24, 16));
        int numInitFeatures = f.integer("num_init_features", 64);
        int bnSize = f.integer("bn_size", 4);
        int numClasses = f.integer("num_classes", 1000);
        int inChannels = f.integer("in_channels", 3);
        f.ignore("memory_efficient");
        f.finish();
        try {
            return new DenseNetConfig(growthRate, blockConfig, numInitFeatures, bnSize, numClasses, inChannels);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /// The `config.json` that [#parse] reads.
    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("growth_rate", growthRate);
        blockConfig.forEach(json.putArray("block_config")::add);
        json.put("num_init_features", numInitFeatures);
        json.put("bn_size", bnSize);
        json.put("num_classes", numClasses);
        json.put("in_channels", inChannels);
        return json;
    }

    /// The configuration that the shapes of weights tell: published DenseNets come without a `config.json`.
    ///
    /// @param weights in today's names, see [dev.cathode.weights.ComponentNames#denseNet]
    /// @throws CheckpointException if these are not the weights of a DenseNet
    public static DenseNetConfig of(Checkpoint weights) {
        List<Integer> blocks = new ArrayList<>();
        while (weights.names().contains(layer(blocks.size(), 0))) {
            int layers = 1;
            while (weights.names().contains(layer(blocks.size(), layers))) {
                layers++;
            }
            blocks.add(layers);
        }
        if (blocks.isEmpty()) {
            throw new CheckpointException(weights.source() + " holds no DenseNet: there is no tensor " + layer(0, 0));
        }
        int growth = size(weights, layer(0, 0).replace("conv1", "conv2"), 0);
        int inner = size(weights, layer(0, 0), 0);
        if (growth == 0 || inner % growth != 0) {
            throw new CheckpointException(weights.source() + ": the layers of a DenseNet have a multiple of the growth"
                    + " rate, " + growth + ", channels inside, not " + inner);
        }
        return new DenseNetConfig(growth, blocks, size(weights, "features.conv0.weight", 0), inner / growth,
                size(weights, "classifier.weight", 0), size(weights, "features.conv0.weight", 1));
    }

    private static String layer(int block, int layer) {
        return "features.denseblock%d.denselayer%d.conv1.weight".formatted(block + 1, layer + 1);
    }

    private static int size(Checkpoint weights, String tensor, int axis) {
        List<Long> shape = weights.tensor(tensor).shape();
        if (axis >= shape.size()) {
            throw new CheckpointException(weights.source() + ": " + tensor + " of shape " + shape
                    + " belongs to no DenseNet");
        }
        return Math.toIntExact(shape.get(axis));
    }
}

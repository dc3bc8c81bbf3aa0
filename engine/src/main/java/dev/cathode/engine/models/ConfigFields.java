package dev.cathode.engine.models;

import dev.cathode.kernels.cpu.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// A `config.json` while it is read. It remembers the keys it was asked for and refuses the others at the end: a
/// setting that nobody looked at could change the result.
final class ConfigFields {
    private static final Set<String> HARMLESS = Set.of("architectures", "model_type", "transformers_version",
            "torch_dtype", "dtype", "initializer_range", "initializer_factor", "id2label", "label2id", "dropout",
            "gradient_checkpointing");

    private final JsonNode json;
    private final String file;
    private final Set<String> asked = new HashSet<>();

    /// @param file where the object comes from, for messages
    ConfigFields(JsonNode json, String file) {
        this.json = json;
        this.file = file;
        if (!json.isObject()) {
            throw new IllegalArgumentException(file + ": a model's configuration must be a JSON object");
        }
    }

    int integer(String key, int otherwise) {
        return read(key, otherwise, "a whole number", JsonNode::isIntegralNumber, JsonNode::intValue);
    }

    double number(String key, double otherwise) {
        return read(key, otherwise, "a number", JsonNode::isNumber, JsonNode::doubleValue);
    }

    boolean flag(String key, boolean otherwise) {
        return read(key, otherwise, "true or false", JsonNode::isBoolean, JsonNode::booleanValue);
    }

    String text(String key, String otherwise) {
        return read(key, otherwise, "a text", JsonNode::isString, JsonNode::stringValue);
    }

    List<Integer> integers(String key, List<Integer> otherwise) {
        return list(key, otherwise, "a list of whole numbers", JsonNode::isIntegralNumber, JsonNode::intValue);
    }

    List<String> texts(String key, List<String> otherwise) {
        return list(key, otherwise, "a list of texts", JsonNode::isString, JsonNode::stringValue);
    }

    /// One number for each of `count` levels; the file holds a list, or one number for all.
    List<Integer> integerPerLevel(String key, int otherwise, int count) {
        return perLevel(key, otherwise, count, "whole number", JsonNode::isIntegralNumber, JsonNode::intValue);
    }

    /// One switch for each of `count` levels; the file holds a list, or one for all.
    List<Boolean> flagPerLevel(String key, boolean otherwise, int count) {
        return perLevel(key, otherwise, count, "true or false", JsonNode::isBoolean, JsonNode::booleanValue);
    }

    /// A whole number that the file may also hold as a list of equal ones.
    int sameInteger(String key, int otherwise) {
        if (!json.path(key).isArray()) {
            return integer(key, otherwise);
        }
        List<Integer> values = integers(key, List.of(otherwise));
        if (Set.copyOf(values).size() != 1) {
            throw refuse(key, "all numbers of this list must be equal");
        }
        return values.getFirst();
    }

    /// An activation function by its name in transformers and diffusers.
    Activation activation(String key, String otherwise) {
        return switch (text(key, otherwise)) {
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
            case "quick_gelu" -> Activation.QUICK_GELU;
            case "relu" -> Activation.RELU;
            case "silu", "swish" -> Activation.SILU;
            default -> throw refuse(key, "supported are gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu, silu");
        };
    }

    /// A setting that may be missing, null, or one of these values.
    void only(String key, Object... supported) {
        asked.add(key);
        JsonNode value = json.path(key);
        boolean known = value.isMissingNode() || value.isNull() || Arrays.stream(supported).anyMatch(s -> switch (s) {
            case Number n -> value.isNumber() && value.doubleValue() == n.doubleValue();
            case Boolean b -> value.isBoolean() && value.booleanValue() == b;
            default -> value.isString() && value.stringValue().equals(s);
        });
        if (!known) {
            throw refuse(key, "only " + (supported.length == 0 ? "null" : Arrays.stream(supported)
                    .map(String::valueOf).collect(Collectors.joining(" or "))) + " is supported");
        }
    }

    /// A setting that may be missing, null or `{}`.
    void emptyObject(String key) {
        asked.add(key);
        JsonNode value = json.path(key);
        if (!value.isMissingNode() && !value.isNull() && !(value.isObject() && value.isEmpty())) {
            throw refuse(key, "only {} is supported");
        }
    }

    /// Settings that cannot change the result of this network.
    void ignore(String... keys) {
        asked.addAll(List.of(keys));
    }

    /// Refuses what is left.
    void finish() {
        for (String key : json.propertyNames()) {
            boolean known = asked.contains(key) || HARMLESS.contains(key) || key.startsWith("_");
            if (!known && !json.get(key).isNull()) {
                throw refuse(key, "this setting is not known; remove it if it does not change the network");
            }
        }
    }

    /// The error for a key.
    IllegalArgumentException refuse(String key, String why) {
        return new IllegalArgumentException(file + ": " + key + " is " + json.path(key) + ": " + why);
    }

    /// Fails with the file's name where sizes do not fit each other.
    void require(boolean fits, String rule) {
        if (!fits) {
            throw new IllegalArgumentException(file + ": " + rule);
        }
    }

    private <T> T read(String key, T otherwise, String kind, Predicate<JsonNode> is, Function<JsonNode, T> as) {
        asked.add(key);
        JsonNode value = json.path(key);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!is.test(value)) {
            throw refuse(key, "it must be " + kind);
        }
        return as.apply(value);
    }

    private <T> List<T> list(String key, List<T> otherwise, String kind, Predicate<JsonNode> is,
                             Function<JsonNode, T> as) {
        JsonNode value = read(key, null, kind, JsonNode::isArray, v -> v);
        if (value == null) {
            return otherwise;
        }
        List<T> items = new ArrayList<>();
        for (JsonNode item : value) {
            if (!is.test(item)) {
                throw refuse(key, "it must be " + kind);
            }
            items.add(as.apply(item));
        }
        return items;
    }

    private <T> List<T> perLevel(String key, T otherwise, int count, String kind, Predicate<JsonNode> is,
                                 Function<JsonNode, T> as) {
        if (!json.path(key).isArray()) {
            return Collections.nCopies(count, read(key, otherwise, kind + " or a list of " + count, is, as));
        }
        List<T> values = list(key, List.of(), kind + " or a list of " + count, is, as);
        if (values.size() != count) {
            throw refuse(key, "the list must have one entry for each of the " + count + " levels");
        }
        return values;
    }
}

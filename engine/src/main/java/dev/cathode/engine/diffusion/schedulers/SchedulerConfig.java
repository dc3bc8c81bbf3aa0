package dev.cathode.engine.diffusion.schedulers;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A `scheduler_config.json`: the arguments of a diffusers scheduler. A scheduler reads the keys it knows; what is
/// not given has that class's default. Keys of other classes do not count, so one configuration serves several
/// schedulers, as `from_config` does it in diffusers. Immutable.
public final class SchedulerConfig {
    private static final Logger LOG = LoggerFactory.getLogger(SchedulerConfig.class);

    private final String source;
    private final String className;
    private final JsonNode values;

    /// @param source the file it came from, for messages
    /// @param className the scheduler it is for, as `_class_name`
    /// @param values keys and values; those listed under `_use_default_values` were defaults of the class it was
    ///         written for, and do not count
    public SchedulerConfig(String source, String className, JsonNode values) {
        if (!values.isObject()) {
            throw new CheckpointException(source + ": a scheduler's configuration is a JSON object");
        }
        ObjectNode kept = ((ObjectNode) values).deepCopy();
        kept.path("_use_default_values").forEach(key -> kept.remove(key.asString()));
        kept.remove(List.of("_use_default_values", "_class_name"));
        this.source = source;
        this.className = className;
        this.values = kept;
    }

    /// Reads a file.
    ///
    /// @throws CheckpointException if it is no JSON object or does not say whose configuration it is
    public static SchedulerConfig read(Path file) {
        JsonNode values = Json.read(file);
        String name = values.path("_class_name").asString("");
        if (name.isEmpty()) {
            throw new CheckpointException(file + ": _class_name is missing; it names the scheduler, for example "
                    + "\"PNDMScheduler\"");
        }
        return new SchedulerConfig(file.toString(), name, values);
    }

    /// The file this came from.
    public String source() {
        return source;
    }

    /// The scheduler this is for, as diffusers names its class.
    public String className() {
        return className;
    }

    /// The same configuration for another scheduler.
    public SchedulerConfig as(String otherClass) {
        return new SchedulerConfig(source, otherClass, values);
    }

    /// The same with another value for a key.
    public SchedulerConfig with(String key, String value) {
        return with(key, JsonNodeFactory.instance.stringNode(value));
    }

    /// The same with another value for a key.
    public SchedulerConfig with(String key, boolean value) {
        return with(key, JsonNodeFactory.instance.booleanNode(value));
    }

    /// The same with another value for a key.
    public SchedulerConfig with(String key, int value) {
        return with(key, JsonNodeFactory.instance.numberNode(value));
    }

    /// The same without a key.
    SchedulerConfig without(String key) {
        ObjectNode changed = ((ObjectNode) values).deepCopy();
        changed.remove(key);
        return new SchedulerConfig(source, className, changed);
    }

    private SchedulerConfig with(String key, JsonNode value) {
        ObjectNode changed = ((ObjectNode) values).deepCopy();
        changed.set(key, value);
        return new SchedulerConfig(source, className, changed);
    }

    /// What diffusers' Stable Diffusion pipelines make of outdated configurations: `steps_offset` is 1 and
    /// `clip_sample` false.
    public SchedulerConfig forStableDiffusion() {
        SchedulerConfig current = with("steps_offset", 1).with("clip_sample", false);
        for (String key : List.of("steps_offset", "clip_sample")) {
            if (values.has(key) && !values.get(key).equals(current.values.get(key))) {
                LOG.warn("{}: {} {} is outdated, Stable Diffusion uses {}", source, key, values.get(key),
                        current.values.get(key));
            }
        }
        return current;
    }

    boolean flag(String key, boolean usual) {
        JsonNode value = values.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return usual;
        }
        if (!value.isBoolean()) {
            throw refused(key, "true or false");
        }
        return value.asBoolean();
    }

    int integer(String key, int usual) {
        JsonNode value = values.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return usual;
        }
        if (!value.isNumber() || value.asDouble() != Math.rint(value.asDouble())
                || Math.abs(value.asDouble()) > Integer.MAX_VALUE) {
            throw refused(key, "a whole number");
        }
        return (int) value.asDouble();
    }

    /// A number; NaN may stand for none.
    double number(String key, double usual) {
        JsonNode value = values.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return usual;
        }
        if (!value.isNumber()) {
            throw refused(key, "a number");
        }
        return value.asDouble();
    }

    /// A list of numbers; empty where there is none.
    double[] numbers(String key) {
        List<Double> numbers = new ArrayList<>();
        for (JsonNode value : values.path(key)) {
            if (!value.isNumber()) {
                throw refused(key, "a list of numbers");
            }
            numbers.add(value.asDouble());
        }
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// One of several words.
    String text(String key, String usual, String... supported) {
        JsonNode value = values.path(key);
        String text = value.isMissingNode() || value.isNull() ? usual : value.isString() ? value.asString() : null;
        if (text == null || !List.of(supported).contains(text)) {
            throw refused(key, String.join(", ", supported));
        }
        return text;
    }

    /// The range of `clip_sample`; infinite where samples are not clipped.
    double clipRange(boolean usual) {
        return flag("clip_sample", usual) ? number("clip_sample_range", 1) : Double.POSITIVE_INFINITY;
    }

    /// A constant of an enumeration, written in lower case.
    <E extends Enum<E>> E constant(String key, E usual, List<E> supported) {
        String text = text(key, lower(usual), supported.stream().map(SchedulerConfig::lower).toArray(String[]::new));
        return supported.stream().filter(c -> lower(c).equals(text)).findFirst().orElseThrow();
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// Refuses switches of diffusers that would change the result and are not supported.
    void refuseIfSet(String... keys) {
        for (String key : keys) {
            JsonNode value = values.path(key);
            if (!value.isMissingNode() && !value.isNull() && !(value.isBoolean() && !value.asBoolean())) {
                throw new CheckpointException(source + ": " + key + " " + value + " of " + className
                        + " is not supported; " + "leave it out");
            }
        }
    }

    CheckpointException refused(String key, String supported) {
        return new CheckpointException(source + ": " + key + " " + values.path(key) + " of " + className
                + " is not supported; supported: " + supported);
    }
}

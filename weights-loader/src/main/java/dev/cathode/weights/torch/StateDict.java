package dev.cathode.weights.torch;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.torch.Pickled.Bool;
import dev.cathode.weights.torch.Pickled.Dict;
import dev.cathode.weights.torch.Pickled.Instance;
import dev.cathode.weights.torch.Pickled.Int;
import dev.cathode.weights.torch.Pickled.Items;
import dev.cathode.weights.torch.Pickled.Real;
import dev.cathode.weights.torch.Pickled.Tensor;
import dev.cathode.weights.torch.Pickled.Text;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Finds the named tensors in a pickled object: a state dict, a dict around one, or a whole module.
final class StateDict {
    /// Where training scripts put the weights beside other things.
    private static final List<String> WRAPPERS =
            List.of("state_dict", "model_state_dict", "model", "module", "net", "params_ema", "params", "weights");
    private static final int MAX_WRAPPERS = 3;
    private static final int MAX_DEPTH = 64;
    private static final int MAX_MODULES = 100_000;
    private static final int MAX_NAME = 4096;
    private static final int MAX_NAMES = 16 << 20;
    private static final int MAX_METADATA = 1000;

    private final MappedFile file;
    private final Container container;
    private final Map<String, Strided> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private int modules;
    private int characters;

    /// Finds and checks all tensors.
    ///
    /// @throws CheckpointException if there are none, or something else stands where a tensor should
    StateDict(MappedFile file, Container container) {
        this.file = file;
        this.container = container;
        Pickled object = unwrap(container.object());
        switch (object) {
            case Dict dict -> addEntries(dict);
            case Instance module -> addModule("", module, 0);
            default -> throw file.error("holds neither a dict of tensors nor a module");
        }
        if (tensors.isEmpty()) {
            throw file.error("holds no tensors" + (object instanceof Dict dict ? "; its keys: " + keys(dict) : ""));
        }
    }

    /// Every tensor by its full name, in order.
    Map<String, Strided> tensors() {
        return tensors;
    }

    /// Plain values beside a wrapped state dict (`epoch`, `global_step`), as text.
    Map<String, String> metadata() {
        return metadata;
    }

    private Pickled unwrap(Pickled object) {
        Pickled inner = object;
        for (int i = 0; i < MAX_WRAPPERS && inner instanceof Dict outer; i++) {
            Pickled found = WRAPPERS.stream().map(outer.entries()::get).filter(StateDict::holdsTensors).findFirst()
                    .orElse(null);
            if (found == null) {
                break;
            }
            addMetadata(outer);
            inner = found;
        }
        return inner;
    }

    private static boolean holdsTensors(Pickled value) {
        return switch (value) {
            case null -> false;
            case Dict dict -> dict.entries().values().stream().anyMatch(v -> v instanceof Tensor)
                    || WRAPPERS.stream().anyMatch(w -> dict.entries().get(w) instanceof Dict);
            case Instance instance -> !instance.called() && !instance.attributes().entries().isEmpty();
            default -> false;
        };
    }

    private void addMetadata(Dict outer) {
        outer.entries().forEach((key, value) -> {
            String text = switch (value) {
                case Text(String t) -> t;
                case Int(var number) -> number.toString();
                case Real(double number) -> Double.toString(number);
                case Bool(boolean truth) -> Boolean.toString(truth);
                default -> null;
            };
            if (text != null && text.length() <= MAX_METADATA && metadata.size() < MAX_METADATA) {
                metadata.put(key, text);
            }
        });
    }

    private void addEntries(Dict dict) {
        dict.entries().forEach((name, value) -> {
            switch (value) {
                case Tensor tensor -> add(name, tensor);
                // torch lets modules save anything under this name.
                case Instance call when call.called() && !name.endsWith("_extra_state") ->
                    throw file.error(name, "the pickle wants to call " + Quote.of(call.type().text())
                            + " to make it, which is unknown here; nothing was executed");
                default -> { } // counters, texts, configurations
            }
        });
    }

    /// A module keeps parameters, buffers and modules in dicts of these names; a TorchScript object simply has them.
    private void addModule(String prefix, Instance module, int depth) {
        modules++;
        if (depth > MAX_DEPTH || modules > MAX_MODULES) {
            throw file.error("its modules are nested more than " + MAX_DEPTH + " deep or are more than " + MAX_MODULES);
        }
        Map<String, Pickled> attributes = module.attributes().entries();
        if (attributes.get("_modules") instanceof Dict children) {
            addMembers(prefix, attributes.get("_parameters"), List.of(), depth);
            addMembers(prefix, attributes.get("_buffers"), temporary(attributes), depth);
            addMembers(prefix, children, List.of(), depth);
        } else {
            addMembers(prefix, module.attributes(), List.of(), depth);
        }
    }

    private void addMembers(String prefix, Pickled members, List<String> left, int depth) {
        if (members instanceof Dict dict) {
            dict.entries().forEach((key, value) -> {
                if (prefix.length() + key.length() > MAX_NAME) {
                    throw file.error("a name in it is longer than " + MAX_NAME + " characters");
                }
                String name = prefix + key;
                characters += name.length();
                if (characters > MAX_NAMES) {
                    throw file.error("its names are longer than " + MAX_NAMES + " characters together");
                }
                switch (value) {
                    case Tensor tensor when !left.contains(key) -> add(name, tensor);
                    case Instance child when !child.called() -> addModule(name + ".", child, depth + 1);
                    default -> { } // settings of the module
                }
            });
        }
    }

    /// Names of buffers that a state dict leaves out.
    private static List<String> temporary(Map<String, Pickled> attributes) {
        return attributes.get("_non_persistent_buffers_set") instanceof Items(List<Pickled> names)
                ? names.stream().filter(n -> n instanceof Text).map(n -> ((Text) n).value()).limit(MAX_DEPTH).toList()
                : List.of();
    }

    private void add(String name, Tensor tensor) {
        tensors.put(name, Strided.of(file, name, tensor, container));
    }

    private static String keys(Dict dict) {
        List<String> keys = dict.entries().keySet().stream().limit(10).map(Quote::of).toList();
        return String.join(", ", keys) + (dict.entries().size() > keys.size() ? ", ..." : "");
    }
}

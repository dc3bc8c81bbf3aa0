package dev.cathode.weights.torch;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.file.MappedFile;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.torch.Pickled.Dict;
import dev.cathode.weights.torch.Pickled.Global;
import dev.cathode.weights.torch.Pickled.Instance;
import dev.cathode.weights.torch.Pickled.Int;
import dev.cathode.weights.torch.Pickled.Items;
import dev.cathode.weights.torch.Pickled.None;
import dev.cathode.weights.torch.Pickled.Storage;
import dev.cathode.weights.torch.Pickled.Tensor;
import dev.cathode.weights.torch.Pickled.Text;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What the functions that torch's pickles call would have returned. Anything unknown becomes an inert [Instance];
/// functions that only an attack would call are refused by name.
final class Calls {
    private static final int MAX_RANK = 64;

    private static final Map<String, DType> STORAGES = Map.of(
            "DoubleStorage", DType.F64, "FloatStorage", DType.F32, "HalfStorage", DType.F16,
            "BFloat16Storage", DType.BF16, "LongStorage", DType.I64, "IntStorage", DType.I32,
            "ShortStorage", DType.I16, "CharStorage", DType.I8, "ByteStorage", DType.U8, "BoolStorage", DType.BOOL);

    private static final Set<String> HARMFUL_MODULES = Set.of("os", "posix", "nt", "subprocess", "sys", "shutil",
            "socket", "runpy", "importlib", "ctypes", "pty", "pickle", "marshal", "webbrowser", "pip", "operator",
            "torch.serialization", "torch.hub");
    private static final Set<String> HARMLESS_BUILTINS = Set.of("set", "frozenset", "list", "tuple", "dict", "int",
            "float", "bool", "str", "bytes", "bytearray", "complex", "slice", "range", "object");

    private Calls() {
    }

    /// The object of class `type` is a dict.
    static boolean isDict(Global type) {
        return switch (type.text()) {
            case "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict",
                    "__builtin__.dict" -> true;
            default -> false;
        };
    }

    /// The result of a call.
    ///
    /// @throws CheckpointException if the call is an attack, or one of torch's with arguments that make no sense
    static Pickled call(MappedFile file, Global function, List<Pickled> arguments) {
        refuseHarm(file, function);
        if (isDict(function)) {
            return dict(arguments);
        }
        return switch (function.text()) {
            case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" -> tensor(file, arguments);
            case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
                    "torch.jit._pickle.restore_type_tag", "torch.jit._pickle.build_intlist",
                    "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist",
                    "torch.jit._pickle.build_tensorlist", "torch.jit._pickle.build_tensor_from_id", "torch.Size",
                    "builtins.set", "builtins.frozenset", "builtins.list", "builtins.tuple", "__builtin__.set",
                    "__builtin__.frozenset", "__builtin__.list", "__builtin__.tuple" ->
                arguments.isEmpty() ? new Items(List.of()) : arguments.getFirst();
            case "torch._tensor._rebuild_from_type_v2" -> fromType(file, arguments);
            default -> new Instance(function, true, new Dict());
        };
    }

    private static void refuseHarm(MappedFile file, Global function) {
        String module = function.module();
        String top = module.contains(".") ? module.substring(0, module.indexOf('.')) : module;
        boolean builtin = module.equals("builtins") || module.equals("__builtin__");
        if (HARMFUL_MODULES.contains(top) || HARMFUL_MODULES.contains(module)
                || builtin && !HARMLESS_BUILTINS.contains(function.name())) {
            throw file.error("wants to call the Python function " + Quote.of(function.text())
                    + ", which no weight file needs. Nothing was executed; do not trust this file");
        }
    }

    /// A subclass of Tensor wraps one of the other calls: (function, class, arguments, state).
    private static Pickled fromType(MappedFile file, List<Pickled> arguments) {
        if (arguments.size() >= 3 && arguments.get(0) instanceof Global inner
                && arguments.get(2) instanceof Items innerArguments && !inner.name().equals("_rebuild_from_type_v2")) {
            return call(file, inner, innerArguments.values());
        }
        throw file.error("the pickle calls _rebuild_from_type_v2 with wrong arguments");
    }

    /// From nothing, from a dict or from pairs.
    private static Dict dict(List<Pickled> arguments) {
        Dict dict = new Dict();
        for (Pickled argument : arguments) {
            if (argument instanceof Dict other) {
                dict.entries().putAll(other.entries());
            } else if (argument instanceof Items pairs) {
                for (Pickled pair : pairs.values()) {
                    if (pair instanceof Items(List<Pickled> values) && values.size() == 2
                            && values.get(0) instanceof Text(String key)) {
                        dict.entries().put(key, values.get(1));
                    }
                }
            }
        }
        return dict;
    }

    /// (storage, offset, size, stride, requires_grad, hooks, metadata); the metadata would be lazy conjugation.
    private static Tensor tensor(MappedFile file, List<Pickled> arguments) {
        if (arguments.size() >= 4 && arguments.get(0) instanceof Storage storage
                && arguments.get(1) instanceof Int(BigInteger offset) && isLong(offset)
                && (arguments.size() < 7 || arguments.get(6) instanceof None)) {
            return new Tensor(storage, offset.longValue(), longs(file, arguments.get(2)),
                    longs(file, arguments.get(3)));
        }
        throw file.error("the pickle rebuilds a tensor from wrong arguments");
    }

    private static List<Long> longs(MappedFile file, Pickled value) {
        if (value instanceof Items(List<Pickled> items) && items.size() <= MAX_RANK) {
            List<Long> longs = new ArrayList<>(items.size());
            for (Pickled item : items) {
                if (!(item instanceof Int(BigInteger number) && isLong(number))) {
                    throw file.error("the pickle gives a tensor a size or stride that is no whole number below 2^63");
                }
                longs.add(number.longValue());
            }
            return List.copyOf(longs);
        }
        throw file.error("the pickle gives a tensor a shape that is no short tuple");
    }

    /// A persistent id: ('storage', class, key, device, count[, view]) or ('module', class, source file, source).
    static Pickled persistent(MappedFile file, Pickled id) {
        if (id instanceof Items(List<Pickled> parts) && !parts.isEmpty() && parts.get(0) instanceof Text(String kind)) {
            if (kind.equals("module") && parts.size() >= 2 && parts.get(1) instanceof Global type) {
                return type;
            }
            if (kind.equals("storage") && parts.size() >= 5 && parts.get(1) instanceof Global type
                    && parts.get(2) instanceof Text(String key) && parts.get(4) instanceof Int(BigInteger count)) {
                return storage(file, type, key, count, parts.size() > 5 ? parts.get(5) : new None());
            }
        }
        throw file.error("the pickle refers to data in a way torch does not");
    }

    private static Storage storage(MappedFile file, Global type, String key, BigInteger count, Pickled view) {
        DType dtype = type.module().startsWith("torch") ? STORAGES.get(type.name()) : null;
        if (dtype == null) {
            throw file.error("storage " + Quote.of(key) + " is of the unsupported class " + Quote.of(type.text()));
        }
        if (!isLong(count) || count.signum() < 0) {
            throw file.error("storage " + Quote.of(key) + " claims to have " + count + " elements");
        }
        return switch (view) {
            case None ignored -> new Storage(dtype, key, count.longValue(), 0, count.longValue());
            // Old legacy files: (key of the view, first element, number of elements) of a larger storage.
            case Items(List<Pickled> parts) when parts.size() == 3 && parts.get(1) instanceof Int(BigInteger first)
                    && parts.get(2) instanceof Int(BigInteger size) && isLong(first) && isLong(size)
                    && first.signum() >= 0 && size.signum() >= 0 && first.add(size).compareTo(count) <= 0 ->
                new Storage(dtype, key, count.longValue(), first.longValue(), size.longValue());
            default -> throw file.error("storage " + Quote.of(key) + " is a view that makes no sense");
        };
    }

    private static boolean isLong(BigInteger number) {
        return number.bitLength() < Long.SIZE;
    }
}

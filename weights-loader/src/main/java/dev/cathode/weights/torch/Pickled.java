package dev.cathode.weights.torch;

import dev.cathode.weights.DType;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a pickle holds, as inert data. Values may refer to each other in cycles: nothing may walk them without a bound,
/// not even `toString`.
sealed interface Pickled {
    /// Python's `None`.
    record None() implements Pickled {
    }

    /// A truth value.
    record Bool(boolean value) implements Pickled {
    }

    /// A whole number.
    record Int(BigInteger value) implements Pickled {
        static Int of(long value) {
            return new Int(BigInteger.valueOf(value));
        }
    }

    /// A floating-point number.
    record Real(double value) implements Pickled {
    }

    /// A string.
    record Text(String value) implements Pickled {
    }

    /// A byte string.
    record Bytes(byte[] value) implements Pickled {
    }

    /// A list, tuple or set; lists grow.
    record Items(List<Pickled> values) implements Pickled {
    }

    /// A dict of any class. Only entries with text keys are kept: those of other keys are never weights.
    record Dict(Map<String, Pickled> entries) implements Pickled {
        Dict() {
            this(LinkedHashMap.newLinkedHashMap(0));
        }
    }

    /// The name of a class or function.
    record Global(String module, String name) implements Pickled {
        String text() {
            return module + "." + name;
        }
    }

    /// What some class or function would have made, had it been called.
    ///
    /// @param type its name
    /// @param called whether the pickle calls it as a function; otherwise an object is made without calling anything
    /// @param attributes the object's state
    record Instance(Global type, boolean called, Dict attributes) implements Pickled {
    }

    /// A flat array of numbers beside the pickle.
    ///
    /// @param key its name in the container
    /// @param whole number of elements of that array
    /// @param first the first of them this storage sees
    /// @param count how many it sees
    record Storage(DType dtype, String key, long whole, long first, long count) implements Pickled {
    }

    /// A tensor: a strided view of a storage; all in elements, unchecked.
    record Tensor(Storage storage, long offset, List<Long> shape, List<Long> strides) implements Pickled {
    }
}

package dev.cathode.weights.torch;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.torch.Pickled.Bool;
import dev.cathode.weights.torch.Pickled.Bytes;
import dev.cathode.weights.torch.Pickled.Dict;
import dev.cathode.weights.torch.Pickled.Global;
import dev.cathode.weights.torch.Pickled.Instance;
import dev.cathode.weights.torch.Pickled.Int;
import dev.cathode.weights.torch.Pickled.Items;
import dev.cathode.weights.torch.Pickled.None;
import dev.cathode.weights.torch.Pickled.Real;
import dev.cathode.weights.torch.Pickled.Storage;
import dev.cathode.weights.torch.Pickled.Tensor;
import dev.cathode.weights.torch.Pickled.Text;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Reads one pickle of protocol 2 to 5 into inert values. Memory is bounded by the number of steps and the length of
/// the texts, depth costs nothing, and nothing is ever executed.
///
/// The opcodes are described in Python's `pickletools`.
final class PickleReader {
    /// Far above any checkpoint (1,000 tensors take 30,000) and small enough for the heap.
    private static final int MAX_STEPS = 4_000_000;
    private static final int HIGHEST_PROTOCOL = 5;
    private static final int MAX_LONG_BYTES = 255;
    private static final None NONE = new None();
    private static final Bool TRUE = new Bool(true);
    private static final Bool FALSE = new Bool(false);

    private final Cursor in;
    private final List<Pickled> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Pickled> memo = new HashMap<>();

    private final Consumer<Storage> seen;
    private int budget = MAX_STEPS;

    private PickleReader(Cursor in, Consumer<Storage> seen) {
        this.in = in;
        this.seen = seen;
    }

    /// Reads a pickle and leaves the cursor behind it.
    ///
    /// @throws CheckpointException if it is broken, too large, or calls something a weight file has no reason to call
    static Pickled read(Cursor in) {
        return read(in, storage -> { });
    }

    /// The same; also reports every storage the pickle refers to.
    static Pickled read(Cursor in, Consumer<Storage> seen) {
        return new PickleReader(in, seen).read();
    }

    private Pickled read() {
        while (true) {
            int opcode = in.u8();
            if (opcode == '.') {
                return pop();
            }
            spend(1);
            execute(opcode);
        }
    }

    /// Everything that takes memory or time is paid for, so that a small file cannot ask for much.
    private void spend(int steps) {
        budget -= steps;
        if (budget < 0) {
            throw in.file().error(in.what() + " takes more than " + MAX_STEPS + " steps to read: no weight file");
        }
    }

    /// One opcode: none of them does more than move values between stack, memo and containers.
    private void execute(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(in.u8());
            case 0x95 -> in.skip(8); // FRAME: a hint for buffering
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popMark();
            case '2' -> push(top());
            case 'N' -> push(NONE);
            case 0x88 -> push(TRUE);
            case 0x89 -> push(FALSE);
            case 'K' -> push(Int.of(in.u8()));
            case 'M' -> push(Int.of(in.u16()));
            case 'J' -> push(Int.of(in.i32()));
            case 0x8a -> push(bigInt(in.u8()));
            case 0x8b -> push(bigInt(in.u32()));
            case 'G' -> push(new Real(in.f64BigEndian()));
            case 'X' -> push(new Text(in.utf8(in.u32())));
            case 0x8c -> push(new Text(in.utf8(in.u8())));
            case 0x8d -> push(new Text(in.utf8(in.i64())));
            case 'U', 'C' -> push(bytesOrText(opcode, in.u8()));
            case 'T', 'B' -> push(bytesOrText(opcode, in.u32()));
            case 0x8e, 0x96 -> push(new Bytes(in.bytes(in.i64())));
            case ')' -> push(new Items(List.of()));
            case 0x85 -> push(new Items(popLast(1)));
            case 0x86 -> push(new Items(popLast(2)));
            case 0x87 -> push(new Items(popLast(3)));
            case 't', 'l', 0x91 -> push(new Items(popMark()));
            case ']', 0x8f -> push(new Items(new ArrayList<>(0)));
            case 'a' -> append(popLast(1));
            case 'e', 0x90 -> append(popMark());
            case '}' -> push(new Dict());
            case 'd' -> dict(popMark());
            case 's' -> setItems(popLast(2));
            case 'u' -> setItems(popMark());
            case 'q' -> memo.put((long) in.u8(), top());
            case 'r' -> memo.put(in.u32(), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(in.u32()));
            case 'c' -> push(new Global(in.line(), in.line()));
            case 0x93 -> stackGlobal();
            case 'R' -> reduce();
            case 0x81 -> newObject(popLast(2));
            case 0x92 -> newObject(popLast(3));
            case 'b' -> build(pop());
            case 'Q' -> persistent(Calls.persistent(in.file(), pop()));
            default -> throw error(String.format("has the unknown opcode 0x%02x", opcode));
        }
    }

    private void protocol(int version) {
        if (version > HIGHEST_PROTOCOL) {
            throw error("is of protocol " + version + ", later than " + HIGHEST_PROTOCOL);
        }
    }

    private Pickled bigInt(long length) {
        if (length > MAX_LONG_BYTES) {
            throw error("has a whole number of " + length + " bytes");
        }
        byte[] little = in.bytes(length);
        byte[] big = new byte[little.length];
        for (int i = 0; i < big.length; i++) {
            big[i] = little[little.length - 1 - i];
        }
        return new Int(big.length == 0 ? BigInteger.ZERO : new BigInteger(big));
    }

    /// Python 2 wrote its strings, among them names, as bytes of no stated encoding.
    private Pickled bytesOrText(int opcode, long length) {
        return opcode == 'U' || opcode == 'T' ? new Text(in.utf8(length)) : new Bytes(in.bytes(length));
    }

    private void append(List<Pickled> values) {
        switch (top()) {
            case Items list when list.values() instanceof ArrayList<Pickled> items -> items.addAll(values);
            case Instance ignored -> { } // an unknown class' items are no weights
            default -> throw error("appends to something that is no list");
        }
    }

    private void dict(List<Pickled> pairs) {
        push(new Dict());
        setItems(pairs);
    }

    private void setItems(List<Pickled> pairs) {
        Dict dict = switch (top()) {
            case Dict d -> d;
            case Instance instance -> instance.attributes();
            default -> throw error("sets items of something that is no dict");
        };
        if (pairs.size() % 2 != 0) {
            throw error("has a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            if (pairs.get(i) instanceof Text(String key)) {
                dict.entries().put(key, pairs.get(i + 1));
            }
        }
    }

    private void stackGlobal() {
        List<Pickled> names = popLast(2);
        if (names.get(0) instanceof Text(String module) && names.get(1) instanceof Text(String name)) {
            push(new Global(module, name));
        } else {
            throw error("names a class by something that is no text");
        }
    }

    private void reduce() {
        List<Pickled> call = popLast(2);
        if (call.get(0) instanceof Global function && call.get(1) instanceof Items arguments) {
            arguments.values().forEach(argument -> spend(size(argument)));
            push(Calls.call(in.file(), function, arguments.values()));
        } else {
            throw error("calls something that is no function, or with no tuple of arguments");
        }
    }

    private static int size(Pickled argument) {
        return switch (argument) {
            case Items items -> items.values().size();
            case Dict dict -> dict.entries().size();
            default -> 1;
        };
    }

    private void newObject(List<Pickled> parts) {
        if (parts.get(0) instanceof Global type && parts.get(1) instanceof Items) {
            push(Calls.isDict(type) ? new Dict() : new Instance(type, false, new Dict()));
        } else {
            throw error("makes an object of something that is no class");
        }
    }

    /// Gives the object on top of the stack its state: a dict, or a pair of dict and slots.
    private void build(Pickled state) {
        if (top() instanceof Instance instance) {
            List<Pickled> parts = state instanceof Items pair ? pair.values() : List.of(state);
            spend(parts.size());
            for (Pickled part : parts) {
                if (part instanceof Dict dict) {
                    spend(dict.entries().size());
                    instance.attributes().entries().putAll(dict.entries());
                }
            }
        } else if (!(top() instanceof Dict) && !(top() instanceof Tensor)) {
            throw error("gives a state to something that is no object");
        }
    }

    private void persistent(Pickled value) {
        if (value instanceof Storage storage) {
            seen.accept(storage);
        }
        push(value);
    }

    private Pickled recall(long index) {
        Pickled value = memo.get(index);
        if (value == null) {
            throw error("recalls entry " + index + " of its memo, which was never stored");
        }
        return value;
    }

    private void push(Pickled value) {
        stack.add(value);
    }

    private Pickled top() {
        checkDepth(1);
        return stack.getLast();
    }

    private Pickled pop() {
        checkDepth(1);
        return stack.removeLast();
    }

    private List<Pickled> popLast(int count) {
        checkDepth(count);
        return cut(stack.size() - count);
    }

    private List<Pickled> popMark() {
        if (marks.isEmpty()) {
            throw error("uses a mark that was never set");
        }
        return cut(marks.removeLast());
    }

    private List<Pickled> cut(int from) {
        List<Pickled> tail = stack.subList(from, stack.size());
        List<Pickled> values = new ArrayList<>(tail);
        tail.clear();
        return values;
    }

    private void checkDepth(int count) {
        if (stack.size() - (marks.isEmpty() ? 0 : marks.getLast()) < count) {
            throw error("takes more from its stack than it put there");
        }
    }

    private CheckpointException error(String reason) {
        return in.file().error(Quote.of(in.what()) + " is no well-formed pickle: before byte " + in.position() + " it "
                + reason);
    }
}

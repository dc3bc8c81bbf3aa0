package dev.cathode.weights;

import dev.cathode.weights.file.Quote;
import dev.cathode.weights.file.SimilarNames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A view of a checkpoint under other names, with the few changes of shape that go with them. Bytes are copied only
/// where tensors are joined. Closing the view closes the checkpoint below.
public final class RenamedCheckpoint implements Checkpoint {
    private final Checkpoint base;
    private final Map<String, Part> parts;

    /// Where a tensor of the view comes from.
    ///
    /// @param sources names in the checkpoint below; several only for [Join]
    /// @param change what happens to them
    public record Part(List<String> sources, Change change) {
        /// The same tensor under another name.
        public static Part of(String source) {
            return new Part(List.of(source), new Keep());
        }

        /// A tensor changed on the way.
        public static Part of(String source, Change change) {
            return new Part(List.of(source), change);
        }
    }

    /// What can happen to a tensor besides its new name.
    public sealed interface Change {
    }

    /// Nothing.
    public record Keep() implements Change {
    }

    /// Sizes of 1 at the end of the shape are dropped: a 1x1 convolution `[O, I, 1, 1]` becomes the linear `[O, I]`.
    public record ToLinear() implements Change {
    }

    /// The linear `[O, I]` becomes the 1x1 convolution `[O, I, 1, 1]`; other shapes are kept.
    public record ToConvolution() implements Change {
    }

    /// One of several equal parts along the first axis.
    ///
    /// @param index which one, from 0
    /// @param of how many there are
    public record Split(int index, int of) implements Change {
    }

    /// All sources one after the other along the first axis.
    public record Join() implements Change {
    }

    /// @param base the checkpoint below
    /// @param parts each name of the view, in order, and where it comes from
    public RenamedCheckpoint(Checkpoint base, Map<String, Part> parts) {
        this.base = base;
        this.parts = new LinkedHashMap<>(parts);
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(parts.keySet());
    }

    @Override
    public FileTensor tensor(String name) {
        Part part = parts.get(name);
        if (part == null) {
            throw new CheckpointException(source() + ": no tensor " + Quote.of(name)
                    + SimilarNames.hint(name, names()));
        }
        FileTensor first = base.tensor(part.sources.getFirst());
        List<Long> shape = first.shape();
        return switch (part.change) {
            case Keep keep -> new FileTensor(name, first.dtype(), shape, first.data());
            case ToLinear linear -> new FileTensor(name, first.dtype(), linear(name, shape), first.data());
            case ToConvolution convolution -> new FileTensor(name, first.dtype(),
                    shape.size() == 2 ? List.of(shape.get(0), shape.get(1), 1L, 1L) : shape, first.data());
            case Split(int index, int of) -> split(name, first, index, of);
            case Join join -> join(name, part.sources.stream().map(base::tensor).toList());
        };
    }

    private List<Long> linear(String name, List<Long> shape) {
        if (shape.size() > 2 && shape.subList(2, shape.size()).stream().anyMatch(size -> size != 1)) {
            throw new CheckpointException(source() + ": tensor " + Quote.of(name) + " of shape " + shape
                    + " should be a linear layer or a 1x1 convolution");
        }
        return shape.subList(0, Math.min(2, shape.size()));
    }

    private FileTensor split(String name, FileTensor whole, int index, int of) {
        if (whole.shape().isEmpty() || whole.shape().getFirst() % of != 0) {
            throw new CheckpointException(source() + ": tensor " + Quote.of(whole.name()) + " of shape " + whole.shape()
                    + " should hold " + of + " equal parts");
        }
        List<Long> shape = new ArrayList<>(whole.shape());
        shape.set(0, shape.getFirst() / of);
        long bytes = whole.data().byteSize() / of;
        return new FileTensor(name, whole.dtype(), List.copyOf(shape), whole.data().asSlice(index * bytes, bytes));
    }

    private FileTensor join(String name, List<FileTensor> tensors) {
        FileTensor first = tensors.getFirst();
        long rows = 0;
        long bytes = 0;
        for (FileTensor tensor : tensors) {
            if (tensor.dtype() != first.dtype() || tensor.shape().isEmpty()
                    || !tensor.shape().subList(1, tensor.shape().size())
                            .equals(first.shape().subList(1, first.shape().size()))) {
                throw new CheckpointException(source() + ": tensors " + Quote.of(first.name()) + " and "
                        + Quote.of(tensor.name()) + " should have the same type and shape to be joined");
            }
            rows += tensor.shape().getFirst();
            bytes += tensor.data().byteSize();
        }
        MemorySegment data = Arena.ofAuto().allocate(bytes, Long.BYTES);
        long at = 0;
        for (FileTensor tensor : tensors) {
            MemorySegment.copy(tensor.data(), 0, data, at, tensor.data().byteSize());
            at += tensor.data().byteSize();
        }
        List<Long> shape = new ArrayList<>(first.shape());
        shape.set(0, rows);
        return new FileTensor(name, first.dtype(), List.copyOf(shape), data.asReadOnly());
    }

    @Override
    public Map<String, String> metadata() {
        return base.metadata();
    }

    @Override
    public void release(FileTensor tensor) {
        base.release(tensor);
    }

    @Override
    public void close() {
        base.close();
    }
}

package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.ParameterSource;
import dev.cathode.engine.runtime.StoredNumbers;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Parameters in the form the kernels want: matrices packed, vectors as float32, tables left in the mapped file. Those
/// that training changes are variables: they stay where they are, as they are.
///
/// This is the one place where PyTorch's filter layout `[O, I, KH, KW]` meets the engine's `[O, KH, KW, I]`: packing
/// reads the file through strides, so there is no copy in between.
final class CpuWeights implements DeviceWeights {
    private static final long SLAB = 128L << 20;

    private final Checkpoint checkpoint;
    private final CpuVariables variables;
    private final ParameterSource source;
    private final CpuKernels kernels;
    private final Workers workers;
    private final Optional<WeightStorage> storage;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Long> packed = new HashMap<>();
    private final Map<String, Long> vectors = new HashMap<>();
    private MemorySegment slab = MemorySegment.NULL;
    private long slabUsed;
    private long bytes;

    CpuWeights(Checkpoint checkpoint, CpuVariables variables, CpuKernels kernels, Workers workers,
               Optional<WeightStorage> storage) {
        this.checkpoint = checkpoint;
        this.variables = variables;
        source = new ParameterSource(checkpoint, variables);
        this.kernels = kernels;
        this.workers = workers;
        this.storage = storage;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        arena.close();
    }

    /// Checks that every parameter of the graph is there in its shape.
    ///
    /// @throws CheckpointException that lists all that do not fit
    void check(Graph graph) {
        source.check(graph);
    }

    /// The names of the parameters that change.
    Set<String> variables() {
        return variables.shapes().keySet();
    }

    /// Whether updates change this parameter: then it is packed anew at each run.
    boolean isVariable(Value parameter) {
        return variables.contains(name(parameter));
    }

    /// How weights of a parameter are kept.
    WeightStorage storage(Value parameter) {
        if (parameter.dtype() == DType.BF16) {
            return WeightStorage.BF16;
        }
        if (isVariable(parameter)) {
            return WeightStorage.F32;
        }
        return storage.orElseGet(() -> switch (checkpoint.tensor(name(parameter)).dtype()) {
            case F16 -> WeightStorage.F16;
            case BF16 -> WeightStorage.BF16;
            default -> WeightStorage.F32;
        });
    }

    /// Whether somebody asked for a type of their own, and so accepts its rounding.
    boolean mayRound() {
        return storage.isPresent();
    }

    /// Bytes that packing this parameter for this kernel would add.
    long missingBytes(Value parameter, Convolution convolution, Direction direction) {
        return packed.containsKey(key(parameter, convolution, direction)) ? 0 : convolution.packedBytes();
    }

    /// The address of the weights packed for a kernel; not of a variable.
    long packed(Value parameter, Convolution convolution, Direction direction) {
        String key = key(parameter, convolution, direction);
        Long known = packed.get(key);
        if (known != null) {
            return known;
        }
        long address = allocate(convolution.packedBytes());
        FileTensor tensor = checkpoint.tensor(name(parameter));
        Shape shape = parameter.shape();
        StoredNumbers source = isRounded(parameter, convolution) ? rounded(tensor) : StoredNumbers.of(tensor);
        WeightView view = WeightView.torch(source.data().address(), source.storage(), shape.last(),
                Direction.kernelHeight(shape), Direction.kernelWidth(shape));
        convolution.pack(direction.of(view, shape), address, workers);
        Reference.reachabilityFence(source);
        checkpoint.release(tensor);
        packed.put(key, address);
        return address;
    }

    /// Whether weights must be rounded before they are packed: those that are packed as bfloat16 need not.
    static boolean isRounded(Value parameter, Convolution convolution) {
        return parameter.dtype() == DType.BF16 && convolution.algorithm() != ConvolutionAlgorithm.DIRECT;
    }

    private StoredNumbers rounded(FileTensor tensor) {
        StoredNumbers source = StoredNumbers.of(tensor);
        MemorySegment wide = Arena.ofAuto().allocate(tensor.count() * Float.BYTES, 64);
        kernels.elementwise().widen(source.storage(), source.data().address(), wide.address(), tensor.count(), workers);
        MemorySegment narrow = Arena.ofAuto().allocate(tensor.count() * WeightStorage.BF16.bytes(), 64);
        kernels.elementwise().narrow(WeightStorage.BF16, wide.address(), narrow.address(), tensor.count(), workers);
        Reference.reachabilityFence(source);
        Reference.reachabilityFence(wide);
        return new StoredNumbers(narrow, WeightStorage.BF16);
    }

    /// Where a variable lies.
    long variableAddress(Value parameter) {
        return variables.address(name(parameter));
    }

    /// A variable's numbers at an address, for packing at each run.
    static WeightView view(Value parameter, long address, WeightStorage storage, Direction direction) {
        Shape shape = parameter.shape();
        long in = shape.last();
        long row = in * Direction.kernelWidth(shape);
        return direction.of(new WeightView(address, storage, row * Direction.kernelHeight(shape), row, in, 1), shape);
    }

    private static String key(Value parameter, Convolution convolution, Direction direction) {
        return name(parameter) + ' ' + parameter.dtype() + ' ' + direction + ' ' + convolution.packing();
    }

    /// Which way a product goes through its weights.
    enum Direction {
        /// From input to output.
        FORWARD,
        /// From the output's gradient to the input's: the filter flipped, its two kinds of channels exchanged.
        BACKWARD;

        private WeightView of(WeightView w, Shape shape) {
            if (this == FORWARD) {
                return w;
            }
            long last = (kernelHeight(shape) - 1) * w.rowStride() + (kernelWidth(shape) - 1) * w.columnStride();
            return new WeightView(w.address() + last * w.storage().bytes(), w.storage(), w.inStride(), -w.rowStride(),
                    -w.columnStride(), w.outStride());
        }

        private static int kernelHeight(Shape shape) {
            return shape.rank() == 4 ? shape.dim(1) : 1;
        }

        private static int kernelWidth(Shape shape) {
            return shape.rank() == 4 ? shape.dim(2) : 1;
        }
    }

    /// The address of a parameter as contiguous float32 numbers.
    long vector(Value parameter) {
        if (parameter.dtype() != DType.F32) {
            throw new IllegalArgumentException(name(parameter) + " as " + parameter.dtype()
                    + ": only products round parameters");
        }
        if (isVariable(parameter)) {
            return variables.address(name(parameter));
        }
        Long known = vectors.get(name(parameter));
        if (known != null) {
            return known;
        }
        FileTensor tensor = checkpoint.tensor(name(parameter));
        long count = tensor.count();
        long address = allocate(count * Float.BYTES);
        StoredNumbers source = StoredNumbers.of(tensor);
        kernels.elementwise().widen(source.storage(), source.data().address(), address, count, workers);
        Reference.reachabilityFence(source);
        vectors.put(name(parameter), address);
        return address;
    }

    /// An embedding table, in the file if it can be read there.
    StoredNumbers table(Value parameter) {
        if (isVariable(parameter)) {
            return new StoredNumbers(OffHeap.ALL.asSlice(vector(parameter), parameter.bytes()), WeightStorage.F32);
        }
        return StoredNumbers.of(checkpoint.tensor(name(parameter)));
    }

    private long allocate(long size) {
        long needed = (size + 63) / 64 * 64;
        if (slabUsed + needed > slab.byteSize()) {
            slab = OffHeap.allocate(Math.max(needed, Math.min(SLAB, Math.max(bytes, 1 << 16))), arena);
            slabUsed = 0;
        }
        long address = slab.address() + slabUsed;
        slabUsed += needed;
        bytes += needed;
        return address;
    }

    static String name(Value parameter) {
        return ParameterSource.name(parameter);
    }
}

package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.ParameterSource;
import dev.cathode.engine.runtime.cuda.CudaVariables.CopyOf;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Parameters on a GPU, each in the types in which graphs read it: those of the checkpoint are converted and copied
/// once, variables are where they are.
final class CudaWeights implements DeviceWeights {
    private final Checkpoint checkpoint;
    private final CudaVariables variables;
    private final ParameterSource source;
    private final CudaMachine machine;
    private final Slabs slabs;
    private final Map<String, Long> addresses = new HashMap<>();

    CudaWeights(Checkpoint checkpoint, CudaVariables variables, CudaMachine machine) {
        this.checkpoint = checkpoint;
        this.variables = variables;
        source = new ParameterSource(checkpoint, variables);
        this.machine = machine;
        slabs = new Slabs(machine);
    }

    /// Checks that every parameter of the graph is there in its shape.
    ///
    /// @throws dev.cathode.weights.CheckpointException that lists all that do not fit
    void check(Graph graph) {
        source.check(graph);
    }

    /// The names of the parameters that change.
    Set<String> variables() {
        return variables.shapes().keySet();
    }

    boolean isVariable(Value parameter) {
        return source.isVariable(parameter);
    }

    /// The parameters that steps read, one of each name and type.
    static Collection<Value> read(List<Value> steps) {
        Map<String, Value> read = new LinkedHashMap<>();
        for (Value step : steps) {
            for (Value input : step.inputs()) {
                if (MemoryPlan.isParameter(input)) {
                    read.putIfAbsent(key(input), input);
                }
            }
        }
        return read.values();
    }

    /// Bytes that these parameters would add.
    long missingBytes(Collection<Value> parameters) {
        return missing(parameters).stream().mapToLong(parameter -> Scratch.align(parameter.bytes())).sum();
    }

    private List<Value> missing(Collection<Value> parameters) {
        return parameters.stream().filter(parameter -> isVariable(parameter)
                ? parameter.dtype() != DType.F32
                        && !variables.copies().contains(copyOf(parameter))
                : !addresses.containsKey(key(parameter))).toList();
    }

    /// Brings these parameters to the device, as far as they are not there.
    void load(Collection<Value> parameters) {
        parameters.stream().filter(CudaWeights::isHalf).filter(this::isVariable)
                .forEach(parameter -> variables.copy(copyOf(parameter)));
        List<Value> stored = missing(parameters).stream().filter(parameter -> !isVariable(parameter)).toList();
        if (stored.isEmpty()) {
            return;
        }
        slabs.reserve(missingBytes(stored));
        try (var conversion = new WeightConversion(stored.stream().mapToLong(p -> p.shape().count()).max().orElse(0))) {
            for (Value parameter : stored) {
                FileTensor tensor = checkpoint.tensor(ParameterSource.name(parameter));
                long address = slabs.allocate(parameter.bytes());
                conversion.convert(tensor, parameter(parameter).shape(), parameter.dtype(),
                        numbers -> machine.upload(numbers, address));
                checkpoint.release(tensor);
                addresses.put(key(parameter), address);
            }
        }
    }

    private static Value parameter(Value value) {
        return value.inputs().isEmpty() ? value : parameter(value.input(0));
    }

    private static String key(Value parameter) {
        return ParameterSource.name(parameter) + ' ' + parameter.dtype();
    }

    /// Where a parameter lies, in the value's type; it must have been loaded.
    long address(Value parameter) {
        if (!isVariable(parameter)) {
            return addresses.get(key(parameter));
        }
        return isHalf(parameter) ? variables.copy(copyOf(parameter))
                : variables.address(ParameterSource.name(parameter));
    }

    private static boolean isHalf(Value parameter) {
        return parameter.dtype() == DType.BF16 || parameter.dtype() == DType.F16;
    }

    private static CopyOf copyOf(Value parameter) {
        return new CopyOf(ParameterSource.name(parameter), parameter.dtype());
    }

    /// A variable's copy in 16 bits.
    record Copy(long address, DType type) { }

    /// The copy of a variable that an update of it has to keep up.
    Optional<Copy> copy(Value variable) {
        return Stream.of(DType.BF16, DType.F16).map(type -> new CopyOf(ParameterSource.name(variable), type))
                .filter(variables.copies()::contains).findFirst()
                .map(copy -> new Copy(variables.copy(copy), copy.type()));
    }

    /// What a graph's updates do to the copies of the variables that they change.
    ///
    /// @param inside parameters of the graph itself that every run has to convert anew
    /// @param stale copies that a run leaves behind the times
    record Changes(List<Value> inside, List<CopyOf> stale) { }

    /// Looks at a graph's steps: an optimizer keeps the copy up that there is, other updates do not.
    ///
    /// @param parameters that the steps read
    Changes changes(List<Value> steps, Collection<Value> parameters) {
        Set<String> changed = new HashSet<>();
        List<CopyOf> stale = new ArrayList<>();
        for (Value step : steps) {
            if (step.op() instanceof UpdateOp op) {
                boolean optimizer = op instanceof UpdateOp.Adam || op instanceof UpdateOp.Sgd;
                for (int i = 0; i < op.variables(); i++) {
                    String name = ParameterSource.name(step.input(i));
                    Optional<DType> kept = optimizer && i == 0 ? copy(step.input(i)).map(Copy::type) : Optional.empty();
                    if (!optimizer) {
                        changed.add(name);
                    }
                    Stream.of(DType.BF16, DType.F16).filter(type -> !kept.equals(Optional.of(type)))
                            .forEach(type -> stale.add(new CopyOf(name, type)));
                }
            }
        }
        return new Changes(parameters.stream().filter(CudaWeights::isHalf)
                .filter(parameter -> changed.contains(ParameterSource.name(parameter))).toList(), stale);
    }

    /// Says that a graph with these changes has run.
    void hasRun(Changes changes) {
        variables.areStale(changes.stale());
    }

    /// Brings the stale ones among the 16-bit copies of variables to what the variables are now.
    void refresh(Collection<Value> parameters, CudaPlans plans) {
        for (Value parameter : parameters) {
            if (isHalf(parameter) && isVariable(parameter) && variables.isStale(copyOf(parameter))) {
                convert(parameter, plans);
                variables.isFresh(copyOf(parameter));
            }
        }
    }

    /// Converts a variable to 16 bits.
    void convert(Value parameter, CudaPlans plans) {
        plans.kernels(DType.F32).elementwise().cast(variables.address(ParameterSource.name(parameter)),
                CudaOptions.element(parameter.dtype()), variables.copy(copyOf(parameter)), parameter.shape().count());
    }

    @Override
    public long bytes() {
        return slabs.bytes();
    }

    @Override
    public void close() {
        slabs.close();
    }
}

package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.ParameterSource;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Parameters on a GPU, each in the types in which graphs read it: those of the checkpoint are converted and copied once,
/// variables are where they are.
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
                        && !variables.hasCopy(ParameterSource.name(parameter), parameter.dtype())
                : !addresses.containsKey(key(parameter))).toList();
    }

    /// Brings these parameters to the device, as far as they are not there.
    void load(Collection<Value> parameters) {
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
        String name = ParameterSource.name(parameter);
        return parameter.dtype() == DType.F32 ? variables.address(name) : variables.copy(name, parameter.dtype());
    }

    /// Brings the 16-bit copies of variables among these parameters to what the variables are now.
    void refresh(Collection<Value> parameters, CudaPlans plans) {
        for (Value parameter : parameters) {
            if (isVariable(parameter) && parameter.dtype() != DType.F32) {
                String name = ParameterSource.name(parameter);
                plans.kernels(DType.F32).elementwise().cast(variables.address(name),
                        CudaOptions.element(parameter.dtype()), variables.copy(name, parameter.dtype()),
                        parameter.shape().count());
            }
        }
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

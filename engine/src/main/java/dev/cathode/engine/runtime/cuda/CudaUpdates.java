package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.ParameterSource;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cuda.CudaOptimizer;
import dev.cathode.kernels.cuda.CudaSampling;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.TensorTable;
import dev.cathode.kernels.cuda.TensorTable.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The operations that change variables, and the norms that decide how far. Variables are float32, gradients may be
/// anything.
final class CudaUpdates {
    private final CudaPlans plans;
    private final CudaOptimizer optimizer;
    private final CudaSampling sampling;
    private final CudaWeights weights;

    CudaUpdates(CudaPlans plans, CudaWeights weights) {
        this.plans = plans;
        optimizer = new CudaOptimizer(plans.launcher());
        sampling = new CudaSampling(plans.launcher(), Element.FLOAT32);
        this.weights = weights;
    }

    CudaKernel lower(Value y, UpdateOp op) {
        for (Value input : y.inputs().subList(0, op.variables())) {
            if (!weights.isVariable(input)) {
                throw new IllegalArgumentException(ParameterSource.name(input) + " is no variable, so " + op
                        + " cannot change it");
            }
        }
        return switch (op) {
            case UpdateOp.Adam _, UpdateOp.Sgd _ -> optimizer(UpdateRun.of(y));
            case UpdateOp.Average _ -> CudaKernel.simple("average", a -> {
                long average = a.of(y.input(0)), x = a.of(y.input(1)), weight = a.of(y.input(2)), factor = a.of(y.input(3));
                long count = y.input(0).shape().count();
                return () -> optimizer.average(average, x, weight, factor, count);
            });
            case UpdateOp.Accumulate _ -> CudaKernel.simple("accumulate", a -> {
                long sum = a.of(y.input(0)), x = a.of(y.input(1)), count = y.input(0).shape().count();
                return () -> optimizer.accumulate(sum, CudaOptions.element(y.input(1).dtype()), x, count);
            });
            case UpdateOp.SamplerStep(boolean guided) -> CudaKernel.simple("sampler step", a -> {
                long[] in = y.inputs().stream().mapToLong(a::of).toArray();
                long count = y.input(1).shape().count();
                return () -> sampling.step(in[3], in[1], in[2], in[4], in[0], in[5], in[6], guided, count);
            });
            case UpdateOp.Clear _ -> CudaKernel.simple("clear", a -> {
                long at = a.of(y.input(0)), bytes = y.input(0).bytes();
                return () -> plans.machine().clear(at, bytes);
            });
        };
    }

    /// Kernels of the updates among steps that can be done together: in one launch where the last one stands.
    Map<Value, CudaKernel> merged(List<Value> steps) {
        Map<Value, CudaKernel> kernels = new HashMap<>();
        for (UpdateRun run : UpdateRun.of(steps)) {
            run.steps().forEach(step -> kernels.put(step, CudaKernel.simple("with a later update", a -> () -> { })));
            kernels.put(run.steps().getLast(), optimizer(run));
        }
        return kernels;
    }

    private CudaKernel optimizer(UpdateRun run) {
        String description = run.rule() instanceof UpdateOp.Sgd ? "sgd" : "adam";
        long bytes = table(run, null).bytes();
        return CudaKernel.tables(description + " of " + run.updates().size(), 0, bytes, a -> {
            TensorTable table = table(run, a);
            long address = upload(table, a);
            long rate = a.of(run.learningRate()), step = a.of(run.step()), factor = a.of(run.factor());
            long average = run.averageWeight() == null ? 0 : a.of(run.averageWeight());
            return switch (run.rule()) {
                case UpdateOp.Sgd sgd -> () -> optimizer.sgd((float) sgd.momentum(), (float) sgd.weightDecay(),
                        sgd.nesterov(), table, address, rate, step, factor);
                case UpdateOp.Adam adam -> {
                    var constants = new CudaOptimizer.Adam(adam.beta1(), adam.beta2(), adam.epsilon(),
                            adam.weightDecay(), adam.decoupled());
                    yield () -> optimizer.adam(constants, table, address, rate, step, factor, average);
                }
                default -> throw new IllegalArgumentException(run.rule() + " is no optimizer's");
            };
        });
    }

    /// @param a null for a table that is only as large as it will be
    private TensorTable table(UpdateRun run, Addresses a) {
        List<Tensor> tensors = new ArrayList<>();
        for (Value y : run.updates()) {
            int gradient = y.inputs().size() - 4; // behind parameter and slots
            long count = y.input(0).shape().count();
            Element element = CudaOptions.element(y.input(gradient).dtype());
            if (a == null) {
                tensors.add(Tensor.gradient(0, count, element));
                continue;
            }
            Value average = run.average(y.input(0));
            var copy = weights.copy(y.input(0));
            tensors.add(new Tensor(a.of(y.input(0)), a.of(y.input(gradient)), a.of(y.input(1)),
                    gradient > 2 ? a.of(y.input(2)) : 0, copy.isPresent() ? copy.get().address() : 0,
                    average == null ? 0 : a.of(average), count, element,
                    copy.isPresent() ? CudaOptions.element(copy.get().type()) : Element.FLOAT32));
        }
        return new TensorTable(tensors);
    }

    CudaKernel norm(Value y) {
        TensorTable sizes = gradients(y, null);
        return CudaKernel.tables("norm", CudaOptimizer.normWorkspaceBytes(sizes), sizes.bytes(), a -> {
            TensorTable table = gradients(y, a);
            long address = upload(table, a), out = a.of(y), workspace = a.workspace();
            return () -> optimizer.norm(table, address, Float.MAX_VALUE, out, 0, workspace);
        });
    }

    private static TensorTable gradients(Value y, Addresses a) {
        return new TensorTable(y.inputs().stream().map(x -> Tensor.gradient(a == null ? 0 : a.of(x), x.shape().count(),
                CudaOptions.element(x.dtype()))).toList());
    }

    private static long upload(TensorTable table, Addresses a) {
        try (Arena arena = Arena.ofConfined()) {
            return a.table(table.content(arena).asSlice(0, table.bytes()));
        }
    }

    CudaKernel clipFactor(Value y, float maximum) {
        return CudaKernel.simple("clip", a -> {
            long norm = a.of(y.input(0)), out = a.of(y);
            return () -> optimizer.clipFactor(norm, maximum, out);
        });
    }
}

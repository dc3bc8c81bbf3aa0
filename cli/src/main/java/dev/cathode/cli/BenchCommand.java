package dev.cathode.cli;

import dev.cathode.engine.benchmark.KernelBenchmark;
import dev.cathode.engine.benchmark.NetworkBenchmark;
import dev.cathode.engine.benchmark.NetworkBenchmark.Network;
import dev.cathode.engine.benchmark.NetworkBenchmark.Subject;
import dev.cathode.engine.benchmark.Timing;
import dev.cathode.engine.benchmark.TrainingBenchmark;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable.StepProfile;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.ModelSource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Measures networks and kernels on this machine.
@Command(name = "bench",
        description = "Measure what this machine does on the shapes of Stable Diffusion: whole networks, or single kernels"
                + " with their share of the processor's fused multiply-add rate.")
final class BenchCommand implements Callable<Integer> {
    private static final int TEXT_WIDTH = 52;
    /// Pixels for each pixel of Stable Diffusion's latents, along each side.
    private static final int LATENT = 8;

    /// What can be measured.
    private enum Target { UNET, VAE, TEXT, TRAIN, GEMM, CONV, ATTENTION }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "WHAT", arity = "0..1", defaultValue = "unet",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Target target;

    @Option(names = "--model", paramLabel = "PATH", converter = ModelConverter.class,
            description = "Measure the networks of this model (default: Stable Diffusion 1.4 with random weights).")
    private Path model;

    @Option(names = "--size", paramLabel = "WxH", defaultValue = "512x512", converter = ImageSize.Converter.class,
            description = "Size of the picture (default: ${DEFAULT-VALUE}).")
    private ImageSize size;

    @Option(names = "--batch", paramLabel = "N", description = "Samples at once (default: 2 for unet and text, 1 for vae).")
    private Integer batch;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "5",
            description = "Counted runs (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--warmup", paramLabel = "N", defaultValue = "2",
            description = "Runs before those that count, at least 1 (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
    private Integer threads;

    @Option(names = "--convolutions", paramLabel = "ALGORITHM", defaultValue = "auto",
            description = "3x3 convolutions by ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ConvolutionAlgorithm convolutions;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "Networks: float32, bfloat16 (products of 16-bit"
            + " numbers) or float16 (weights kept in 16 bits; default: as they are stored, products in float32). A GPU"
            + " computes in the type that is named, training too; bfloat16 without one.")
    private NumberType dtype;

    @Option(names = "--max-grad-norm", paramLabel = "X", defaultValue = "0",
            description = "Training: clip gradients to this norm (default: ${DEFAULT-VALUE}, not).")
    private double maxGradNorm;

    @Option(names = "--tokens", paramLabel = "N", defaultValue = "77",
            description = "Training: positions of the text (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Mixin
    private DeviceOptions devices = new DeviceOptions();

    @Option(names = "--explain", description = "Show every kernel of a network: algorithm, GFLOP/s, share of the time.")
    private boolean explain;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        require(runs >= 1, "--runs must be at least 1");
        require(warmup >= 1, "--warmup must be at least 1");
        require(batch == null || batch >= 1, "--batch must be at least 1");
        int pool = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        require(pool >= 1, "--threads must be at least 1");
        switch (target) {
            case UNET -> network(Network.UNET, pool, 2);
            case VAE -> network(Network.VAE, pool, 1);
            case TEXT -> network(Network.TEXT, pool, 2);
            case TRAIN -> training(pool);
            case GEMM, CONV, ATTENTION -> {
                require(!devices.isAsked(), "--device: single kernels are the processor's");
                kernels(pool);
            }
        }
        return CathodeCommand.DONE;
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /// What a processor can do at most, in operations a second: fused multiply-adds, and dot products of bfloat16
    /// numbers.
    private record Peak(double plain, double mixed) {
        /// Measured before and after whatever is compared with it, since one of both may fall on a busy moment.
        static Peak measured(CpuKernels kernels, int threads) {
            try (Workers workers = new Workers(threads)) {
                return new Peak(kernels.peakRate(workers), kernels.mixedPeakRate(workers));
            }
        }

        Peak or(Peak other) {
            return new Peak(Math.max(plain, other.plain), Math.max(mixed, other.mixed));
        }

        double of(boolean isMixed) {
            return isMixed ? mixed : plain;
        }
    }

    private void training(int threads) {
        int samples = batch == null ? 1 : batch;
        try (ModelSource source = model == null ? null : ModelSource.open(model)) {
            CpuOptions options = CpuOptions.defaults().withThreads(threads).withConvolutions(convolutions);
            measure(options, threads, samples, device -> TrainingBenchmark.run(device, Optional.ofNullable(source),
                    samples, size.width() / LATENT, size.height() / LATENT, tokens, maxGradNorm,
                    dtype == NumberType.BFLOAT16 && device instanceof CpuDevice, warmup, runs));
        }
    }

    /// Measures on the GPU that was asked for, or else on the processor.
    private void measure(CpuOptions options, int threads, int samples, Function<Device, NetworkBenchmark.Result> work) {
        NumberType type = dtype == null ? NumberType.BFLOAT16 : dtype; // what a GPU is made for
        Optional<Device> gpu = devices.gpu(type.inFiles(), false, spec.commandLine().getErr()::println);
        if (gpu.isPresent()) {
            try (Device device = gpu.get()) {
                report(device, Optional.empty(), samples, work.apply(device));
            }
            return;
        }
        CpuKernels kernels = CpuKernels.fastest();
        Peak peak = Peak.measured(kernels, threads);
        try (Device device = CpuDevice.open(options, kernels)) {
            NetworkBenchmark.Result result = work.apply(device);
            report(device, Optional.of(peak.or(Peak.measured(kernels, threads))), samples, result);
        }
    }

    private CpuOptions options(int threads) {
        CpuOptions options = CpuOptions.defaults().withThreads(threads).withConvolutions(convolutions);
        return switch (dtype) {
            case null -> options;
            case FLOAT32 -> options.withStorage(WeightStorage.F32);
            case FLOAT16 -> options.withStorage(WeightStorage.F16);
            case BFLOAT16 -> options.withMixedPrecision();
        };
    }

    private void network(Network network, int threads, int usualBatch) {
        int samples = batch == null ? usualBatch : batch;
        try (ModelSource source = model == null ? null : ModelSource.open(model)) {
            Subject subject = source == null ? Subject.random(network, samples, size.width(), size.height())
                    : Subject.of(source, network, samples, size.width(), size.height());
            measure(options(threads), threads, samples, device -> NetworkBenchmark.run(device, subject, warmup, runs));
        }
    }

    /// @param peak of the processor
    private void report(Device device, Optional<Peak> peak, int samples, NetworkBenchmark.Result result) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.text(json(device, peak, samples, result)));
            return;
        }
        out.println(device.description());
        peak.ifPresent(rate -> out.printf(Locale.ROOT, "fused multiply-adds: %.0f GFLOP/s; dot products of bfloat16"
                + " numbers: %.0f%n", rate.plain * 1e-9, rate.mixed * 1e-9));
        out.println();
        Timing timing = result.timing();
        String share = peak.isEmpty() ? "" : String.format(Locale.ROOT, " (%.0f %% of the multiply-adds above)",
                100 * timing.rate() / peak.get().plain);
        out.printf(Locale.ROOT, "%s, batch %d, %dx%d: median %s of %d runs, %.0f GFLOP/s%s%n", timing.name(), samples,
                size.width(), size.height(), time(timing.median()), runs, timing.rate() * 1e-9, share);
        out.printf(Locale.ROOT, "weights %s, loaded in %.1f s; activations %s%n", Sizes.bytes(result.weightBytes()),
                result.loadSeconds(), Sizes.bytes(result.arenaBytes()));
        if (explain) {
            explain(out, peak, result.steps());
        }
    }

    /// Kernels of one shape together, the costliest first.
    private static void explain(PrintWriter out, Optional<Peak> peak, List<StepProfile> steps) {
        Map<String, List<StepProfile>> alike = new LinkedHashMap<>();
        for (StepProfile step : steps) {
            alike.computeIfAbsent(step.operation() + " | " + step.kernel(), k -> new ArrayList<>()).add(step);
        }
        double all = steps.stream().mapToDouble(StepProfile::seconds).sum();
        out.printf("%n%6s %9s %7s %9s %6s  %s%n", "count", "seconds", "time", "GFLOP/s", "peak", "operation | kernel");
        alike.values().stream().sorted(Comparator.comparingDouble(BenchCommand::seconds).reversed()).forEach(group -> {
            double seconds = seconds(group);
            double flops = group.stream().mapToDouble(StepProfile::flops).sum();
            String rate = flops == 0 ? "" : String.format(Locale.ROOT, "%.0f", flops / seconds * 1e-9);
            String share = flops == 0 || peak.isEmpty() ? "" : String.format(Locale.ROOT, "%.0f %%",
                    100 * flops / seconds / peak.get().of(group.getFirst().mixed()));
            out.printf(Locale.ROOT, "%6d %9.4f %5.1f %% %9s %6s  %s | %s%n", group.size(), seconds, 100 * seconds / all,
                    rate, share, group.getFirst().operation(), group.getFirst().kernel());
        });
    }

    /// A GPU's times are short.
    private static String time(double seconds) {
        return seconds < 0.1 ? String.format(Locale.ROOT, "%.3f ms", seconds * 1e3)
                : String.format(Locale.ROOT, "%.3f s", seconds);
    }

    private static double seconds(List<StepProfile> steps) {
        return steps.stream().mapToDouble(StepProfile::seconds).sum();
    }

    private static ObjectNode json(Device device, Optional<Peak> peak, int batch, NetworkBenchmark.Result result) {
        ObjectNode node = Json.object();
        node.put("device", device.description());
        peak.ifPresent(rate -> node.put("peak_flops_per_second", rate.plain)
                .put("mixed_peak_flops_per_second", rate.mixed));
        timing(node, result.timing(), peak.map(Peak::plain));
        node.put("batch", batch);
        node.put("load_seconds", result.loadSeconds());
        node.put("weight_bytes", result.weightBytes());
        node.put("activation_bytes", result.arenaBytes());
        ArrayNode kernels = node.putArray("kernels");
        for (StepProfile step : result.steps()) {
            kernels.addObject().put("operation", step.operation()).put("kernel", step.kernel())
                    .put("flops", step.flops()).put("mixed", step.mixed()).put("seconds", step.seconds());
        }
        return node;
    }

    private static void timing(ObjectNode node, Timing timing, Optional<Double> peak) {
        node.put("name", timing.name());
        node.put("kernel", timing.kernel());
        node.put("median_seconds", timing.median());
        ArrayNode seconds = node.putArray("runs");
        timing.seconds().forEach(seconds::add);
        node.put("flops", timing.flops());
        peak.ifPresent(rate -> node.put("share_of_peak", timing.rate() / rate));
    }

    private void kernels(int threads) {
        CpuKernels kernels = CpuKernels.fastest();
        try (Workers workers = new Workers(threads)) {
            double before = kernels.peakRate(workers);
            KernelBenchmark benchmark = new KernelBenchmark(kernels, workers, warmup, runs);
            List<Timing> timings = switch (target) {
                case GEMM -> benchmark.products();
                case CONV -> benchmark.convolutions();
                default -> benchmark.attentions();
            };
            Peak peak = new Peak(Math.max(before, kernels.peakRate(workers)), kernels.mixedPeakRate(workers));
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                ObjectNode node = Json.object();
                node.put("device", kernels.description() + ", " + threads + " threads");
                node.put("peak_flops_per_second", peak.plain);
                node.put("mixed_peak_flops_per_second", peak.mixed);
                ArrayNode rows = node.putArray("kernels");
                timings.forEach(timing -> timing(rows.addObject(), timing, Optional.of(peak.of(timing.mixed()))));
                out.println(Json.text(node));
                return;
            }
            out.printf(Locale.ROOT, "%s, %d threads; fused multiply-adds: %.0f GFLOP/s, %s: %.0f%n%n",
                    kernels.description(), threads, peak.plain * 1e-9, kernels.mixedDescription(),
                    peak.mixed * 1e-9);
            for (Timing timing : timings) {
                out.printf(Locale.ROOT, "%-" + TEXT_WIDTH + "s %-20s %9.3f ms %7.0f GFLOP/s %4.0f %%%n", timing.name(),
                        timing.kernel(), timing.median() * 1e3, timing.rate() * 1e-9,
                        100 * timing.rate() / peak.of(timing.mixed()));
            }
        }
    }
}

package dev.cathode.engine.diffusion.schedulers;

import dev.cathode.weights.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// Makes schedulers of configurations and names.
public final class Schedulers {
    private static final String FILE = "scheduler_config.json";
    private static final Map<String, Function<SchedulerConfig, Scheduler>> CLASSES = new LinkedHashMap<>();
    /// What a name on the command line makes of a folder's configuration.
    private static final Map<String, UnaryOperator<SchedulerConfig>> NAMES = new LinkedHashMap<>();

    static {
        CLASSES.put("PNDMScheduler", PNDMScheduler::of);
        CLASSES.put("DDIMScheduler", DDIMScheduler::of);
        CLASSES.put("DDPMScheduler", DDPMScheduler::of);
        CLASSES.put("EulerDiscreteScheduler", EulerDiscreteScheduler::of);
        CLASSES.put("EulerAncestralDiscreteScheduler", EulerAncestralDiscreteScheduler::of);
        CLASSES.put("HeunDiscreteScheduler", HeunDiscreteScheduler::of);
        CLASSES.put("LMSDiscreteScheduler", LMSDiscreteScheduler::of);
        CLASSES.put("DPMSolverMultistepScheduler", DPMSolverMultistepScheduler::of);
        CLASSES.put("UniPCMultistepScheduler", UniPCMultistepScheduler::of);
        NAMES.put("pndm", config -> config.as("PNDMScheduler"));
        NAMES.put("ddim", config -> config.as("DDIMScheduler"));
        NAMES.put("ddpm", config -> config.as("DDPMScheduler"));
        NAMES.put("euler", config -> config.as("EulerDiscreteScheduler"));
        NAMES.put("euler_a", config -> config.as("EulerAncestralDiscreteScheduler"));
        NAMES.put("euler_ancestral", NAMES.get("euler_a"));
        NAMES.put("heun", config -> config.as("HeunDiscreteScheduler"));
        NAMES.put("lms", config -> config.as("LMSDiscreteScheduler"));
        NAMES.put("dpm++2m", config -> dpmSolver(config, false));
        NAMES.put("dpmpp_2m", NAMES.get("dpm++2m"));
        NAMES.put("dpm++2m_karras", config -> dpmSolver(config, true));
        NAMES.put("dpmpp_2m_karras", NAMES.get("dpm++2m_karras"));
        NAMES.put("unipc", config -> config.as("UniPCMultistepScheduler"));
    }

    private Schedulers() {
    }

    private static SchedulerConfig dpmSolver(SchedulerConfig config, boolean karras) {
        return config.as("DPMSolverMultistepScheduler").with("algorithm_type", "dpmsolver++").with("solver_order", 2)
                .with("use_karras_sigmas", karras);
    }

    /// The short names of schedulers.
    public static List<String> names() {
        return List.copyOf(NAMES.keySet());
    }

    /// The scheduler of a folder with a `scheduler_config.json`, or of such a file.
    ///
    /// @throws CheckpointException if there is none, it is malformed, or something in it is not supported
    public static Scheduler load(Path path) {
        return of(SchedulerConfig.read(file(path)));
    }

    /// Another scheduler with the configuration of a folder's own: its betas, what the network predicts, and whatever
    /// else both know.
    ///
    /// @param name a short name, as `ddim`, or the name of a class, as `DDIMScheduler`
    /// @throws CheckpointException if there is none, it is malformed, or something in it is not supported
    /// @throws IllegalArgumentException if there is no scheduler of this name
    public static Scheduler load(Path path, String name) {
        return of(named(name, SchedulerConfig.read(file(path))));
    }

    private static Path file(Path path) {
        return Files.isDirectory(path) ? path.resolve(FILE) : path;
    }

    /// The scheduler that a configuration was written for.
    ///
    /// @throws CheckpointException if it, or something in its configuration, is not supported
    public static Scheduler of(SchedulerConfig config) {
        Function<SchedulerConfig, Scheduler> constructor = CLASSES.get(config.className());
        if (constructor == null) {
            throw new CheckpointException(config.source() + ": _class_name " + config.className()
                    + " is not supported; supported are " + String.join(", ", CLASSES.keySet()));
        }
        return constructor.apply(config);
    }

    /// A configuration made into one for another scheduler.
    ///
    /// @param name a short name, as `ddim`, or the name of a class, as `DDIMScheduler`
    /// @throws IllegalArgumentException if there is no scheduler of this name
    public static SchedulerConfig named(String name, SchedulerConfig config) {
        if (CLASSES.containsKey(name)) {
            return config.as(name);
        }
        UnaryOperator<SchedulerConfig> change = NAMES.get(name);
        if (change == null) {
            throw new IllegalArgumentException("there is no scheduler \"" + name + "\"; there are "
                    + String.join(", ", NAMES.keySet()));
        }
        return change.apply(config);
    }
}

package dev.cathode.engine.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SchedulersTest {
    /// As Stable Diffusion 1.4 has it.
    private static final String PNDM = """
            {"_class_name": "PNDMScheduler", "_diffusers_version": "0.7.0.dev0", "beta_end": 0.012,
             "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one"
             : false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}""";

    @TempDir
    Path folder;

    /// The numbers are from a run of diffusers with eps(x, t) = 0.5 sin x + 0.3 t / 1000.
    @Test
    void pndmInSeventyFiveSteps() throws IOException {
        Sampling sampling = Schedulers.load(write(PNDM)).start(75);
        assertEquals(76, sampling.count());
        assertArrayEquals(new double[] {963, 950, 950, 937, 924, 911},
                Arrays.copyOf(sampling.timesteps(), 6));
        assertEquals(1, sampling.timestep(75));
        float[] x = {1, -0.5f, 0.25f, 2};
        float[][] expected = {{1.021992f, -0.542005f, 0.237446f, 2.095849f}, {1.021918f, -0.541157f, 0.237829f,
                2.096843f},
                {1.044853f, -0.582934f, 0.225708f, 2.200903f}, {1.068813f, -0.625335f, 0.213649f, 2.313214f}};
        for (int i = 0; i < sampling.count(); i++) {
            float[] prediction = new float[x.length];
            for (int k = 0; k < x.length; k++) {
                prediction[k] = (float) (0.5 * Math.sin(x[k]) + 0.3 * sampling.timestep(i) / 1000);
            }
            x = sampling.step(i, prediction, x, () -> {
                throw new AssertionError("PNDM takes no noise");
            });
            if (i < expected.length) {
                assertArrayEquals(expected[i], x, 2e-6f, "after evaluation " + i);
            }
        }
        assertArrayEquals(new float[] {4.75312f, -5.023805f, -0.197514f, 20.049276f}, x, 3e-5f);
    }

    @Test
    void namesMakeSchedulersOfAFoldersConfiguration() throws IOException {
        Path file = write(PNDM);
        assertInstanceOf(PNDMScheduler.class, Schedulers.load(folder));
        DDIMScheduler ddim = assertInstanceOf(DDIMScheduler.class, Schedulers.load(folder, "ddim"));
        assertEquals(Double.POSITIVE_INFINITY, ddim.clipRange());
        assertEquals(1, ddim.stepsOffset());
        assertEquals(TimestepSpacing.LEADING, ddim.timestepSpacing());
        EulerDiscreteScheduler euler = assertInstanceOf(EulerDiscreteScheduler.class, Schedulers.load(file, "euler"));
        assertEquals(TimestepSpacing.LINSPACE, euler.timestepSpacing());
        assertEquals(14.6146f, euler.start(20).initNoiseSigma(), 1e-4f);
        assertInstanceOf(EulerAncestralDiscreteScheduler.class, Schedulers.load(file, "euler_a"));
        assertEquals(SigmaSpacing.KARRAS, assertInstanceOf(DPMSolverMultistepScheduler.class,
                Schedulers.load(file, "dpm++2m_karras")).sigmaSpacing());
        for (String name : Schedulers.names()) {
            Scheduler scheduler = Schedulers.load(file, name);
            assertEquals(0.012f, scheduler.noiseSchedule().beta(999), 1e-8f, name);
            assertTrue(scheduler.start(10).count() >= 10, name);
        }
        assertInstanceOf(LMSDiscreteScheduler.class, Schedulers.load(file, "LMSDiscreteScheduler"));
        refuses(IllegalArgumentException.class, () -> Schedulers.load(file, "dpm3"), "\"dpm3\"", "pndm, ddim", "unipc");
    }

    @Test
    void outdatedConfigurationsForStableDiffusion() throws IOException {
        Path file = write("{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": true}");
        SchedulerConfig config = SchedulerConfig.read(file);
        assertEquals(1, ((DDIMScheduler) Schedulers.of(config)).clipRange());
        DDIMScheduler ddim = (DDIMScheduler) Schedulers.of(config.forStableDiffusion());
        assertEquals(Double.POSITIVE_INFINITY, ddim.clipRange());
        assertEquals(1, ddim.stepsOffset());
    }

    @Test
    void defaultsOfTheFirstClassAreNotTakenAlong() throws IOException {
        String json = "{\"_class_name\": \"PNDMScheduler\", \"timestep_spacing\": \"leading\"%s}";
        Path file = write(json.formatted(", \"_use_default_values\": [\"timestep_spacing\"]"));
        assertEquals(TimestepSpacing.LINSPACE, ((EulerDiscreteScheduler) Schedulers.load(file,
                "euler")).timestepSpacing());
        write(json.formatted(""));
        assertEquals(TimestepSpacing.LEADING, ((EulerDiscreteScheduler) Schedulers.load(file,
                "euler")).timestepSpacing());
    }

    @Test
    void whatIsNotSupportedIsNamed() throws IOException {
        String json = "{\"_class_name\": \"%s\", %s}";
        for (String[] wrong : new String[][] {
                {"DDIMScheduler", "\"thresholding\": true", "thresholding true"},
                {"PNDMScheduler", "\"prediction_type\": \"sample\"", "prediction_type \"sample\"",
                "epsilon, v_prediction"},
                {"DDPMScheduler", "\"variance_type\": \"learned\"", "variance_type \"learned\"", "fixed_small"},
                {"EulerDiscreteScheduler", "\"use_beta_sigmas\": true", "use_beta_sigmas true"},
                {"EulerDiscreteScheduler", "\"timestep_type\": \"continuous\"", "timestep_type \"continuous\""},
                {"HeunDiscreteScheduler", "\"beta_schedule\": \"exp\"", "beta_schedule \"exp\"", "scaled_linear"},
                {"LMSDiscreteScheduler", "\"use_karras_sigmas\": 1", "use_karras_sigmas 1", "true or false"},
                {"DPMSolverMultistepScheduler", "\"use_flow_sigmas\": true", "use_flow_sigmas true"},
                {"DPMSolverMultistepScheduler", "\"algorithm_type\": \"dpmsolver\"", "algorithm_type \"dpmsolver\""},
                {"UniPCMultistepScheduler", "\"solver_order\": 0", "solver_order 0"},
                {"UniPCMultistepScheduler", "\"num_train_timesteps\": 10.5", "num_train_timesteps 10.5"},
                {"DDIMScheduler", "\"trained_betas\": [0.1, 0.2]", "trained_betas", "1000"}}) {
            Path file = write(json.formatted(wrong[0], wrong[1]));
            wrong[1] = file.toString();
            refuses(CheckpointException.class, () -> Schedulers.load(file), wrong);
        }
        Path other = write(json.formatted("KDPM2DiscreteScheduler", "\"beta_start\": 1"));
        refuses(CheckpointException.class, () -> Schedulers.load(other), "KDPM2DiscreteScheduler",
                "HeunDiscreteScheduler");
        Path nameless = write("{}");
        refuses(CheckpointException.class, () -> Schedulers.load(nameless), "_class_name is missing");
        refuses(CheckpointException.class, () -> Schedulers.load(folder.resolve("absent.json")), "absent.json");
    }

    /// Written where a published configuration has it.
    @Test
    void infinityIsANumber() throws IOException {
        Path file = write("{\"_class_name\": \"DPMSolverMultistepScheduler\", \"lambda_min_clipped\": -Infinity}");
        DPMSolverMultistepScheduler scheduler = (DPMSolverMultistepScheduler) Schedulers.load(file);
        assertEquals(Double.NEGATIVE_INFINITY, scheduler.lambdaMinClipped());
    }

    @Test
    void strengthSaysWhereImageToImageBegins() throws IOException {
        Path file = write(PNDM);
        Scheduler pndm = Schedulers.load(file);
        assertEquals(20, pndm.begin(50, 0.6));
        assertEquals(0, pndm.begin(50, 1));
        Scheduler heun = Schedulers.load(file, "heun");
        assertEquals(10, heun.begin(10, 0.5));
        assertEquals(9, heun.start(10, 10).count());
        assertThrows(IllegalArgumentException.class, () -> pndm.begin(50, 0.01));
        assertThrows(IllegalArgumentException.class, () -> pndm.begin(50, 1.5));
        assertThrows(IllegalArgumentException.class, () -> pndm.start(50, 51));
    }

    @Test
    void stepsAreTakenInOrderAndInLimits() throws IOException {
        Path file = write(PNDM);
        Sampling sampling = Schedulers.load(file, "ddim").start(2);
        float[] x = {1};
        assertThrows(IllegalStateException.class, () -> sampling.step(1, x, x, () -> x));
        sampling.step(0, x, x, () -> x);
        assertThrows(IllegalStateException.class, () -> sampling.step(0, x, x, () -> x));
        assertThrows(IllegalArgumentException.class, () -> sampling.step(1, new float[2], x, () -> x));
        for (String name : Schedulers.names()) {
            Scheduler scheduler = Schedulers.load(file, name);
            assertThrows(IllegalArgumentException.class, () -> scheduler.start(0), name);
            assertThrows(IllegalArgumentException.class, () -> scheduler.start(1001), name);
        }
        // Leading with offset 1 would begin at timestep 1000.
        refuses(IllegalArgumentException.class, () -> Schedulers.load(file).start(1000).addNoise(x, x, 0),
                "timestep 1000");
    }

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("scheduler_config.json"), json);
    }

    private static void refuses(Class<? extends RuntimeException> type, Executable call, String... parts) {
        String message = assertThrows(type, call).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message + " should name " + part);
        }
    }
}

package dev.cathode.engine.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Every run that `cases.json` lists, from its noise to the last sample, with the network tanh(0.7 x + 0.1 t / 1000).
class SchedulerGoldenTest {
    private final Goldens.Topic goldens = Goldens.topic("schedulers");
    private final JsonNode cases = goldens.json("cases.json").get("cases");

    @TestFactory
    Stream<DynamicTest> trajectoriesEqualDiffusers() {
        return cases.propertyStream().flatMap(entry -> entry.getValue().get("steps").valueStream().map(steps ->
                DynamicTest.dynamicTest(entry.getKey() + " " + steps + " steps",
                        () -> compare(entry.getKey() + ".safetensors", entry.getValue(), steps.asInt()))));
    }

    private void compare(String file, JsonNode entry, int steps) {
        String run = "steps" + steps + ".";
        JsonNode facts = entry.get("runs").get("steps" + steps);
        int start = entry.get("start").asInt();
        Scheduler scheduler = Schedulers.of(new SchedulerConfig("cases.json", entry.get("class").asString(),
                entry.get("config")));
        double[] timesteps = scheduler.start(steps).timesteps();
        goldens.assertMatches(file, run + "timesteps", FakeNetwork.floats(timesteps));
        Sampling sampling = scheduler.start(steps, start);
        assertEquals(facts.get("evaluations").asInt(), sampling.count());
        assertArrayEquals(Arrays.copyOfRange(timesteps, start, timesteps.length), sampling.timesteps());
        double sigma = facts.get("init_noise_sigma").asDouble();
        assertEquals(sigma, sampling.initNoiseSigma(), Math.max(1e-5, 1e-6 * sigma));

        float[] draws = goldens.has(file, run + "step_noise") ? goldens.floats(file, run + "step_noise") : new float[0];
        FakeNetwork.Run result = FakeNetwork.run(sampling, goldens.floats(file, run + "noise"), draws);
        assertEquals(facts.get("noise_used_in_steps").asInt(), result.noisySteps());
        goldens.assertMatches(file, run + "trajectory", result.trajectory());
        if (goldens.has(file, run + "sigmas")) {
            compareSigmas(file, run + "sigmas", scheduler.start(steps));
        }
    }

    /// Noise levels show in what [Sampling#addNoise] makes of nothing and of noise.
    private void compareSigmas(String file, String name, Sampling sampling) {
        float[] expected = goldens.floats(file, name);
        float[] actual = expected.clone(); // the last is seen in the last step only
        for (int i = 0; i < sampling.count(); i++) {
            float clean = sampling.addNoise(new float[] {1}, new float[] {0}, i)[0];
            actual[i] = sampling.addNoise(new float[] {0}, new float[] {1}, i)[0] / clean;
        }
        assertEquals(expected.length, sampling.count() + 1);
        double tol = goldens.tol(file, name);
        // The quotient above is rounded twice more.
        for (int i = 0; i < actual.length; i++) {
            assertEquals(expected[i], actual[i], tol + 2e-7 * expected[i], name + " " + i);
        }
    }

    /// The betas of the rescaled schedule are compared by their products only: PyTorch's float32 square roots come from
    /// Intel's MKL and are off by one unit in the last place here and there, which the differences of square roots near
    /// the last timestep magnify to 3e-6 of a beta.
    @Test
    void tablesOfBetas() {
        String file = "tables.safetensors";
        int tables = 0;
        for (Goldens.Tensor tensor : goldens.outputs(file)) {
            if (!tensor.name().endsWith(".betas")) {
                continue;
            }
            String name = tensor.name().substring(0, tensor.name().length() - ".betas".length());
            ObjectNode values = JsonNodeFactory.instance.objectNode();
            if (name.startsWith("scaled_linear")) {
                values.put("beta_schedule", "scaled_linear").put("beta_start", 0.00085).put("beta_end", 0.012);
            } else {
                values.put("beta_schedule", name);
            }
            values.put("rescale_betas_zero_snr", name.endsWith("zero_snr"));
            NoiseSchedule schedule = NoiseSchedule.of(new SchedulerConfig("table " + name, "DDIMScheduler", values));
            float[] betas = new float[schedule.timesteps()];
            float[] products = new float[schedule.timesteps()];
            for (int t = 0; t < betas.length; t++) {
                betas[t] = schedule.beta(t);
                products[t] = schedule.alphasCumprod(t);
            }
            if (!name.endsWith("zero_snr")) {
                goldens.assertMatches(file, name + ".betas", betas);
            }
            goldens.assertMatches(file, name + ".alphas_cumprod", products);
            tables++;
        }
        assertTrue(tables >= 4, "tables: " + tables);
    }

    @Test
    void noisingAndVelocity() {
        String file = "noising.safetensors";
        ObjectNode betas = JsonNodeFactory.instance.objectNode().put("beta_schedule", "scaled_linear")
                .put("beta_start", 0.00085).put("beta_end", 0.012);
        Scheduler ddpm = Schedulers.of(new SchedulerConfig("test", "DDPMScheduler", betas));
        Sampling euler = Schedulers.of(new SchedulerConfig("test", "EulerDiscreteScheduler", betas.deepCopy()
                .put("timestep_spacing", "leading").put("steps_offset", 1))).start(20);
        float[] sample = goldens.floats(file, "sample");
        float[] noise = goldens.floats(file, "noise");
        long[] timesteps = goldens.longs(file, "timesteps");
        float[] eulerTimesteps = goldens.floats(file, "euler_timesteps");
        float[] noisy = new float[sample.length];
        float[] velocity = new float[sample.length];
        float[] eulerNoisy = new float[sample.length];
        int size = sample.length / timesteps.length;
        for (int b = 0; b < timesteps.length; b++) {
            float[] x = Arrays.copyOfRange(sample, b * size, (b + 1) * size);
            float[] e = Arrays.copyOfRange(noise, b * size, (b + 1) * size);
            int t = (int) timesteps[b];
            System.arraycopy(ddpm.noiseSchedule().addNoise(x, e, t), 0, noisy, b * size, size);
            System.arraycopy(ddpm.noiseSchedule().velocity(x, e, t), 0, velocity, b * size, size);
            int index = indexOf(euler.timesteps(), eulerTimesteps[b]);
            System.arraycopy(euler.addNoise(x, e, index), 0, eulerNoisy, b * size, size);
        }
        goldens.assertMatches(file, "noisy", noisy);
        goldens.assertMatches(file, "velocity", velocity);
        goldens.assertMatches(file, "euler_noisy", eulerNoisy);
    }

    private static int indexOf(double[] values, double value) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == value) {
                return i;
            }
        }
        throw new AssertionError(value + " is not among " + Arrays.toString(values));
    }
}

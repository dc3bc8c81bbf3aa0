package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Axis;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Epilogue;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Work;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Libraries;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Plans for GPUs that are not here. `h200.json` was written by hand from published figures.
class PlansTest {
    private Cudnn cudnn;
    private DeviceDescription h200;

    @BeforeEach
    void open() throws IOException {
        Libraries.assume(CudaLibrary.CUBLAS_LT); // which the library loads by its name alone
        cudnn = new Cudnn(Libraries.assume(CudaLibrary.CUDNN));
        h200 = DeviceDescription.of(cudnn, description());
    }

    @AfterEach
    void close() {
        if (h200 != null) {
            h200.close();
        }
    }

    private static String description() throws IOException {
        try (InputStream in = PlansTest.class.getResourceAsStream("h200.json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// Every plan is for the chip and comes back from its text.
    private void check(DeviceDescription device, ConvolutionTask task, String chip) {
        try (Plans plans = Plans.of(cudnn, device, task, 3)) {
            assertFalse(plans.list().isEmpty());
            for (Plan plan : plans.list()) {
                assertTrue(plan.workspace() >= 0);
                String json = plan.json();
                assertTrue(json.contains(chip), json);
                try (Plan again = Plan.of(cudnn, device, json)) {
                    assertEquals(plan.workspace(), again.workspace());
                    assertEquals(json, again.json());
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4, 320, 64, 3", "320, 320, 64, 3", "640, 1280, 16, 3", "1280, 1280, 8, 3", "320, 4, 64, 3",
        "320, 640, 32, 1"})
    void convolutionsOfAUNetAndTheirGradients(int inputs, int outputs, int size, int kernel) {
        ConvolutionTask forward = ConvolutionTask.same(2, inputs, size, size, outputs, kernel, Element.BFLOAT16,
                Epilogue.NONE);
        check(h200, forward, "\"smVersion\":900");
        check(h200, forward.gradient(Work.INPUT_GRADIENT), "\"smVersion\":900");
        check(h200, forward.gradient(Work.WEIGHT_GRADIENT), "\"smVersion\":900");
    }

    @Test
    void gradientsThatRepeatThemselves() {
        ConvolutionTask forward = ConvolutionTask.same(2, 320, 64, 64, 320, 3, Element.BFLOAT16, Epilogue.NONE);
        for (Work work : Work.values()) {
            try (Plans all = Plans.of(cudnn, h200, forward.gradient(work), 20);
                    Plans repeatable = Plans.of(cudnn, h200, forward.gradient(work), 20, true)) {
                assertFalse(repeatable.list().isEmpty(), work.toString());
                List<String> some = all.list().stream().map(Plan::json).toList();
                assertTrue(repeatable.list().stream().map(Plan::json).allMatch(some::contains), work.toString());
            }
        }
    }

    @Test
    void aBiasIsFused() {
        check(h200, ConvolutionTask.same(2, 320, 64, 64, 320, 3, Element.BFLOAT16, Epilogue.BIAS), "CONV");
        check(h200, ConvolutionTask.same(2, 320, 64, 64, 320, 3, Element.FLOAT16, Epilogue.BIAS), "CONV");
    }

    /// The heuristics put the tensor cores first, which have no float32.
    @ParameterizedTest
    @CsvSource({"320, 320, 64, 3", "4, 320, 64, 3", "320, 4, 64, 3", "128, 3, 64, 3"})
    void float32IsRoundedIfAskedOnly(int inputs, int outputs, int size, int kernel) {
        ConvolutionTask forward = ConvolutionTask.same(2, inputs, size, size, outputs, kernel, Element.FLOAT32,
                Epilogue.BIAS);
        for (ConvolutionTask task : List.of(forward, forward.gradient(Work.INPUT_GRADIENT),
                forward.gradient(Work.WEIGHT_GRADIENT))) {
            assertNotEquals(engines(task).getFirst(), engines(task.withTf32()).getFirst(), task.toString());
        }
    }

    private List<String> engines(ConvolutionTask task) {
        try (Plans plans = Plans.of(cudnn, h200, task, 3)) {
            return plans.list().stream().map(Plan::json).toList();
        }
    }

    @Test
    void halvingWithUnevenPadding() {
        Axis axis = new Axis(3, 2, 0, 1);
        ConvolutionTask down = new ConvolutionTask(Work.FORWARD, 1, 128, 64, 64, 128, axis, axis, Element.BFLOAT16,
                Epilogue.NONE);
        assertEquals(32, down.outHeight());
        check(h200, down, "\"smVersion\":900");
    }

    @Test
    void aChosenPlanIsKept(@TempDir Path folder) throws IOException {
        ConvolutionTask task = ConvolutionTask.same(1, 64, 32, 32, 64, 3, Element.BFLOAT16, Epilogue.NONE);
        PlanCache cache = new PlanCache(cudnn, h200, new DiskCache(folder));
        List<Integer> asked = new ArrayList<>();
        String chosen;
        try (Plan plan = cache.plan(task, 3, plans -> {
            asked.add(plans.size());
            return plans.size() - 1;
        })) {
            chosen = plan.json();
        }
        try (Plan plan = cache.plan(task, 3, plans -> {
            throw new AssertionError("chosen already");
        })) {
            assertEquals(chosen, plan.json());
        }
        assertEquals(1, asked.size());
        new DiskCache(folder).remove(new DiskCache.Key("plan", List.of("cuDNN " + cudnn.version(), h200.json(),
                task.toString())));
        new DiskCache(folder).get(new DiskCache.Key("plan", List.of("cuDNN " + cudnn.version(), h200.json(),
                task.toString())), () -> "{\"not\":\"a plan\"}".getBytes(StandardCharsets.UTF_8));
        try (Plan plan = cache.plan(task, 1, plans -> 0)) {
            assertTrue(plan.json().contains("engineId"));
        }
    }

    @Test
    void otherChips() throws IOException {
        String ampere = description().replace("900", "800").replace("232448", "166912").replace("132", "108");
        try (DeviceDescription device = DeviceDescription.of(cudnn, ampere)) {
            check(device, ConvolutionTask.same(2, 320, 64, 64, 320, 3, Element.BFLOAT16, Epilogue.NONE),
                    "\"smVersion\":800");
        }
    }

    @Test
    void wrongTextIsRefusedWithTheReason() throws IOException {
        CudaException empty = assertThrows(CudaException.class, () -> DeviceDescription.of(cudnn, "{}"));
        assertTrue(empty.getMessage().contains("HasMember"), empty.getMessage());
        assertThrows(CudaException.class, () -> Plan.of(cudnn, h200, "{}"));
        assertTrue(h200.json().contains("NVIDIA H200"));
    }
}

package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Strides;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Work;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Epilogue;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.Libraries;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Plans whose kernels cuDNN compiles itself, for an H200 that is not here. They are made in a process of its own,
/// whose driver does nothing; `Child all` makes all that Stable Diffusion needs, which takes minutes.
class CompiledPlansTest {
    @Test
    void fusedConvolutionsAndAttention(@TempDir Path folder) throws IOException, InterruptedException {
        Libraries.assume(CudaLibrary.CUBLAS_LT);
        Libraries.assume(CudaLibrary.NVRTC);
        Libraries.assume(CudaLibrary.CUDNN);
        StubDriver.in(folder);
        Process child = child(folder, "some");
        String words = new String(child.getInputStream().readAllBytes());
        assertTrue(child.waitFor(5, TimeUnit.MINUTES));
        assertEquals(0, child.exitValue(), words);
        assertEquals(some().size() + 1, words.lines().filter(line -> line.startsWith("planned ")).count(), words);
    }

    private static Process child(Path folder, String which) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Child.class.getName(), which,
                folder.toString());
        builder.environment().merge("LD_LIBRARY_PATH", folder.toString(), (others, ours) -> ours + ":" + others);
        return builder.redirectErrorStream(true).start();
    }

    private static List<Record> some() {
        List<Record> tasks = new ArrayList<>();
        for (Epilogue epilogue : List.of(new Epilogue(true, false, true, false),
                new Epilogue(true, true, true, true))) {
            tasks.add(ConvolutionTask.same(2, 320, 64, 64, 320, 3, Element.BFLOAT16, epilogue));
        }
        tasks.add(attention(Work.FORWARD, 4096, 4096, 40, Element.BFLOAT16));
        tasks.add(attention(Work.FORWARD_WITH_STATISTICS, 64, 77, 160, Element.FLOAT16));
        tasks.add(attention(Work.GRADIENT, 1024, 77, 80, Element.BFLOAT16));
        return tasks;
    }

    private static List<Record> all() {
        List<Record> tasks = new ArrayList<>();
        for (Element element : List.of(Element.BFLOAT16, Element.FLOAT16)) {
            for (int i = 1; i < 16; i++) {
                tasks.add(ConvolutionTask.same(2, 320, 64, 64, 320, 3, element, new Epilogue((i & 1) != 0,
                        (i & 2) != 0, (i & 4) != 0, (i & 8) != 0)));
            }
            for (Work work : Work.values()) {
                for (int size : new int[] {40, 80, 160}) {
                    for (int queries : new int[] {4096, 1024, 256, 64}) {
                        tasks.add(attention(work, queries, queries, size, element));
                        tasks.add(attention(work, queries, 77, size, element));
                    }
                }
            }
        }
        return tasks;
    }

    /// q, k and v are columns of one tensor, or k and v are.
    private static AttentionTask attention(Work work, int queries, int keys, int size, Element element) {
        Attention.Shape shape = new Attention.Shape(2, 8, queries, keys, size, false, false,
                (float) (1 / Math.sqrt(size)));
        long row = 8L * size;
        return new AttentionTask(work, shape, keys == queries ? new Strides(3 * row, 3 * row, 3 * row, row, row)
                : new Strides(row, 2 * row, 2 * row, row, row), element);
    }

    /// The other process.
    static final class Child {
        private Child() { }

        /// @param args `some` or `all`, and an empty folder
        public static void main(String[] args) throws IOException {
            LibrarySearch search = LibrarySearch.ofSystem();
            search.find(CudaLibrary.CUBLAS_LT).orThrow(); // which the library loads by its name alone, as it does NVRTC
            search.find(CudaLibrary.NVRTC).orThrow();
            Cudnn cudnn = new Cudnn(search.find(CudaLibrary.CUDNN).orThrow());
            try (InputStream in = CompiledPlansTest.class.getResourceAsStream("h200.json");
                    DeviceDescription h200 = DeviceDescription.of(cudnn, new String(in.readAllBytes(),
                            StandardCharsets.UTF_8))) {
                boolean all = args[0].equals("all");
                for (Record task : all ? all() : some()) {
                    plan(cudnn, h200, task, all ? 5 : 1);
                }
                PlanCache cache = new PlanCache(cudnn, h200, new DiskCache(Path.of(args[1], "cache")));
                keep(cudnn, h200, cache);
            }
        }

        private static void plan(Cudnn cudnn, DeviceDescription h200, Record task, int most) {
            long start = System.nanoTime();
            List<String> workspaces = new ArrayList<>();
            try (Plans plans = switch (task) {
                case ConvolutionTask convolution -> Plans.of(cudnn, h200, convolution, most);
                case AttentionTask attention -> Plans.of(cudnn, h200, attention, most);
                default -> throw new IllegalArgumentException(task.toString());
            }) {
                for (Plan plan : plans.list()) {
                    workspaces.add(Long.toString(task instanceof AttentionTask attention
                            ? new AttentionPlan(attention, plan).workspace() : plan.workspace()));
                    String json = plan.json();
                    try (Plan again = Plan.of(cudnn, h200, json)) {
                        check(json.contains("\"smVersion\":900") && json.equals(again.json()), json);
                    }
                }
            }
            check(!workspaces.isEmpty(), "no plan for " + task);
            System.out.printf("planned %s: %s bytes in %d ms%n", task, String.join(", ", workspaces),
                    (System.nanoTime() - start) / 1_000_000);
        }

        /// A plan is chosen once, a refusal is not kept, and what has masks is not asked for.
        private static void keep(Cudnn cudnn, DeviceDescription h200, PlanCache cache) {
            AttentionTask task = attention(Work.FORWARD, 64, 64, 40, Element.BFLOAT16);
            String chosen;
            try (AttentionPlan plan = cache.plan(task, 1, plans -> 0).orElseThrow()) {
                chosen = plan.json();
            }
            try (AttentionPlan plan = cache.plan(task, 1, plans -> {
                throw new AssertionError("chosen already");
            }).orElseThrow()) {
                check(chosen.equals(plan.json()), plan.json());
            }
            scratchMemory(cudnn, h200, task.with(Work.GRADIENT));
            AttentionTask large = attention(Work.GRADIENT, 64, 64, 512, Element.BFLOAT16);
            for (int i = 0; i < 2; i++) {
                Optional<AttentionPlan> none = cache.plan(large, 1, plans -> 0);
                check(none.isEmpty(), "a plan for " + large);
            }
            Attention.Shape causal = new Attention.Shape(2, 8, 64, 64, 40, true, false, 1);
            try (Plans plans = Plans.of(cudnn, h200, new AttentionTask(Work.FORWARD, causal, Strides.contiguous(causal),
                    Element.BFLOAT16), 1)) {
                check(plans.list().isEmpty(), "masks are not described");
            }
            System.out.println("planned and kept");
        }

        /// What a gradient needs beside its plan lies behind the plan's own scratch memory.
        private static void scratchMemory(Cudnn cudnn, DeviceDescription h200, AttentionTask task) {
            try (Plans plans = Plans.of(cudnn, h200, task, 1)) {
                AttentionPlan plan = new AttentionPlan(task, plans.list().getFirst());
                Map<Long, Long> all = plan.all(Map.of(AttentionTask.Q, 5L), 1 << 20);
                long sums = all.get(AttentionGraph.SUMS);
                long accumulator = all.get(AttentionGraph.ACCUMULATOR);
                check(sums >= (1 << 20) + plans.list().getFirst().workspace() && accumulator - sums == 4 * 2 * 8 * 64
                        && (1 << 20) + plan.workspace() - accumulator == 4 * 2 * 8 * 64 * 40
                        && sums % 256 == 0 && all.get(AttentionTask.Q) == 5 && all.size() == 5, all.toString());
            }
        }

        private static void check(boolean holds, String otherwise) {
            if (!holds) {
                throw new AssertionError(otherwise);
            }
        }
    }
}

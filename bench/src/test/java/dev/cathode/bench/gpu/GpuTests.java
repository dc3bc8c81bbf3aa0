package dev.cathode.bench.gpu;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/// Runs tests that can run on a GPU, without Maven: with `-Dcathode.gpu=N` on that GPU.
public final class GpuTests {
    /// Where such tests are, and what their classes are called; mutants of kernels are found on the CPU only.
    private static final List<String> PACKAGES = List.of("dev.cathode.kernels.cuda", "dev.cathode.engine.runtime.cuda",
            "dev.cathode.engine.train");
    private static final String NAMES = ".*\\.Cuda\\w*Test";

    private GpuTests() { }

    /// Ends with 1 if any fails.
    ///
    /// @param args classes; none: all
    public static void main(String[] args) {
        TestExecutionSummary summary = run(args);
        summary.printFailuresTo(new PrintWriter(System.out, true), 8);
        System.out.printf("%d tests passed, %d failed, %d were skipped, in %.0f s%n", summary.getTestsSucceededCount(),
                summary.getTotalFailureCount(), summary.getTestsSkippedCount() + summary.getTestsAbortedCount(),
                (summary.getTimeFinished() - summary.getTimeStarted()) * 1e-3);
        System.exit(summary.getTotalFailureCount() > 0 || summary.getTestsSucceededCount() == 0 ? 1 : 0);
    }

    /// Runs these classes, or all.
    static TestExecutionSummary run(String... classes) {
        Stream<? extends DiscoverySelector> selectors = classes.length == 0
                ? PACKAGES.stream().map(name -> selectPackage(name))
                : Stream.of(classes).map(name -> selectClass(name));
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selectors.toList())
                .filters(ClassNameFilter.includeClassNamePatterns(NAMES)).build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener, new Progress());
        return listener.getSummary();
    }

    /// Says at once how each test ended, because who waits for the summary may be stopped before it.
    private static final class Progress implements TestExecutionListener {
        private long start;

        @Override
        public void executionStarted(TestIdentifier test) {
            start = System.nanoTime();
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest() || result.getStatus() == TestExecutionResult.Status.FAILED) {
                System.out.printf("%-10s %6.1f s  %s%s%n", result.getStatus(), (System.nanoTime() - start) * 1e-9,
                        test.getUniqueIdObject().getSegments().stream().skip(1).map(UniqueId.Segment::getValue)
                                .collect(Collectors.joining(" ")).replace("dev.cathode.", ""),
                        result.getThrowable().map(e -> ": " + e).orElse(""));
            }
        }
    }
}

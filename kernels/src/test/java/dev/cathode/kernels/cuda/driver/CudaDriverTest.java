package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.LibraryException;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The classes of this package on a driver that works in the host's memory.
class CudaDriverTest {
    private static final byte[] KERNELS = "kernels: scale report\0".getBytes(StandardCharsets.US_ASCII);
    private static NativeLibrary library;

    private CudaDriver driver;
    private CudaContext context;

    @BeforeAll
    static void compile(@TempDir Path folder) throws IOException, InterruptedException {
        library = FakeDriver.open(folder);
    }

    @BeforeEach
    void start() {
        driver = new CudaDriver(library);
        driver.start();
        context = driver.context(driver.device(1));
    }

    @AfterEach
    void everythingIsGivenBack() throws Throwable {
        context.close();
        assertEquals(0, FakeDriver.live(library));
    }

    private float[] read(CudaStream stream, long address, int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = context.pinned(4L * count, arena);
            stream.download(address, host);
            stream.synchronize();
            return host.toArray(JAVA_FLOAT);
        }
    }

    private static void write(CudaStream stream, float[] numbers, long address) {
        try (Arena arena = Arena.ofConfined()) {
            stream.upload(arena.allocateFrom(JAVA_FLOAT, numbers), address);
            stream.synchronize();
        }
    }

    @Test
    void devicesAreDescribed() {
        assertEquals(13000, driver.version());
        assertEquals(List.of(13, 12), driver.majors());
        assertEquals(List.of(new CudaDevice(0, 70, "Fake GPU 0", 9, 0, 1L << 30, 132, 2048, 232448, 50 << 20),
                new CudaDevice(1, 71, "Fake GPU 1", 9, 1, 1L << 30, 132, 2048, 232448, 50 << 20)), driver.devices());
        assertEquals("sm_91", context.device().chip());
        CudaException e = assertThrows(CudaException.class, () -> driver.device(2));
        assertEquals("cuda:2: no such GPU (101): there are 2, cuda:0 to cuda:1", e.getMessage());
    }

    @Test
    void copiesAndFills() {
        long a = context.allocate(64);
        long b = context.allocate(64);
        try (CudaStream stream = context.stream()) {
            write(stream, new float[] {1, 2, 3, 4}, a);
            stream.copy(a + 4, b, 12);
            assertArrayEquals(new float[] {2, 3, 4}, read(stream, b, 3));
            stream.fill(b, Float.floatToRawIntBits(1.5f), 3);
            assertArrayEquals(new float[] {1.5f, 1.5f, 1.5f}, read(stream, b, 3));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(8, 4);
                stream.fill(b, (byte) 0x81, 8);
                stream.fill(b, (short) 0xbf80, 2);
                stream.download(b, host);
                assertEquals((short) 0xbf80, host.getAtIndex(JAVA_SHORT, 1));
                assertEquals(0x81818181, host.getAtIndex(JAVA_INT, 1));
                assertEquals((byte) 0x81, host.get(JAVA_BYTE, 7));
            }
        }
        context.free(a);
        context.free(b);
    }

    @Test
    void tooMuchMemorySaysHowMuchAndWhatToDo() {
        CudaContext.Memory memory = context.memory();
        assertEquals(1L << 30, memory.total());
        long block = context.allocate(1 << 20);
        assertEquals(memory.free() - (1 << 20), context.memory().free());
        CudaException e = assertThrows(CudaException.class, () -> context.allocate(1L << 40));
        assertEquals(2, e.code());
        assertTrue(e.getMessage().startsWith("cuMemAlloc_v2(1099511627776 bytes): out of memory,"
                + " CUDA_ERROR_OUT_OF_MEMORY (2): use a smaller batch"), e.getMessage());
        context.free(block);
    }

    @Test
    void kernelsGetTheirArgumentsAndSizes() {
        long x = context.allocate(64);
        try (CudaStream stream = context.stream(); CudaModule module = context.module(KERNELS);
             Arena arena = Arena.ofConfined()) {
            write(stream, new float[] {1, 2, 3, 4}, x);
            MemorySegment arguments = new KernelArguments().pointer(x).int64(3).float32(0.5f).pack(arena);
            stream.launch(module.function("scale"), Geometry.line(1, 32, 0), arguments);
            assertArrayEquals(new float[] {0.5f, 1, 1.5f, 4}, read(stream, x, 4));
            CudaFunction report = module.function("report");
            Geometry geometry = new Geometry(2, 3, 4, 5, 6, 70_000);
            assertThrows(CudaException.class, () -> stream.launch(report, geometry, arguments));
            report.allowSharedMemory(70_000);
            stream.launch(report, geometry, arguments);
            assertArrayEquals(new float[] {2, 3, 4, 5, 6, 1, 70_000}, read(stream, x, 7));
            assertEquals(6, report.attribute(CudaFunction.Attribute.REGISTERS));
            assertEquals(1003, report.attribute(CudaFunction.Attribute.LOCAL_MEMORY));
            assertEquals(70_000, report.attribute(CudaFunction.Attribute.MAX_DYNAMIC_SHARED_MEMORY));
            assertEquals(16, report.blocksPerMultiprocessor(128, 0));
            assertEquals(3, report.blocksPerMultiprocessor(128, 70_000));
            CudaException e = assertThrows(CudaException.class, () -> module.function("absent"));
            assertEquals("cuModuleGetFunction(absent): named symbol not found, CUDA_ERROR_NOT_FOUND (500)",
                    e.getMessage());
        }
        CudaException e = assertThrows(CudaException.class, () -> context.module(new byte[] {1, 2, 3}));
        assertEquals(200, e.code());
        context.free(x);
    }

    @Test
    void aCapturedGraphRunsAsOftenAsWanted() {
        long x = context.allocate(64);
        try (CudaStream stream = context.stream(); CudaModule module = context.module(KERNELS)) {
            CudaFunction scale = module.function("scale");
            write(stream, new float[] {1, 2}, x);
            CudaGraph graph = stream.capture(() -> {
                try (Arena local = Arena.ofConfined()) { // arguments are copied at capture
                    MemorySegment arguments = new KernelArguments().pointer(x).int64(2).float32(2).pack(local);
                    stream.launch(scale, Geometry.line(1, 32, 0), arguments);
                    stream.launch(scale, Geometry.line(1, 32, 0), arguments);
                }
            });
            try (graph) {
                assertEquals(2, graph.nodes());
                assertArrayEquals(new float[] {1, 2}, read(stream, x, 2));
                graph.upload(stream);
                stream.launch(graph);
                stream.launch(graph);
                assertArrayEquals(new float[] {16, 32}, read(stream, x, 2));
            }
            IllegalArgumentException own = assertThrows(IllegalArgumentException.class, () -> stream.capture(() -> {
                throw new IllegalArgumentException("in the middle");
            }));
            assertEquals("in the middle", own.getMessage());
            CudaException waited = assertThrows(CudaException.class, () -> stream.capture(stream::synchronize));
            assertEquals(900, waited.code());
            stream.synchronize(); // no longer capturing
        }
        context.free(x);
    }

    @Test
    void eventsMarkAndMeasure() {
        try (CudaStream stream = context.stream(); CudaStream other = context.stream();
             CudaEvent start = context.event(true); CudaEvent end = context.event(true);
             CudaEvent untimed = context.event(false)) {
            long x = context.allocate(16);
            stream.record(start);
            stream.fill(x, 0, 4);
            stream.fill(x, 0, 4);
            stream.record(end);
            end.synchronize();
            assertEquals(5, end.millisecondsSince(start));
            context.free(x);
            stream.record(untimed);
            other.waitFor(untimed);
            assertThrows(CudaException.class, () -> untimed.millisecondsSince(start));
        }
        context.synchronize();
    }

    @Test
    void theFastestOfSomeWays() {
        long x = context.allocate(16);
        try (CudaStream stream = context.stream()) {
            int[] runs = new int[3];
            List<Runnable> ways = List.of(() -> work(stream, x, 3, runs, 0), () -> {
                throw new CudaException("cuLaunchKernel", "this one does not run", 1);
            }, () -> work(stream, x, 2, runs, 2));
            assertEquals(2, Stopwatch.fastest(context, stream, ways, 4));
            assertEquals(5, runs[0]);
            assertEquals(5, runs[2]);
            assertEquals("no way works", assertThrows(IllegalStateException.class,
                    () -> Stopwatch.fastest(context, stream, ways.subList(1, 2), 4)).getMessage());
        }
        context.free(x);
    }

    private static void work(CudaStream stream, long x, int times, int[] runs, int way) {
        runs[way]++;
        for (int i = 0; i < times; i++) {
            stream.fill(x, i, 4);
        }
    }

    @Test
    void everyThreadNeedsTheContext() throws InterruptedException {
        List<Object> seen = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            seen.add(assertThrows(CudaException.class, () -> context.allocate(16)).code());
            context.makeCurrent();
            context.free(context.allocate(16));
            seen.add("done");
        });
        thread.join();
        assertEquals(List.of(201, "done"), seen);
    }

    @Test
    void anOldDriverIsToldByItsMissingFunction(@TempDir Path folder) throws IOException, InterruptedException {
        NativeLibrary old = FakeDriver.open(folder, "-DOLD");
        LibraryException e = assertThrows(LibraryException.class, () -> new CudaDriver(old));
        assertTrue(e.getMessage().contains("has no function cuStreamBeginCapture_v2, so it is too old")
                && e.getMessage().contains(folder.toString()), e.getMessage());
    }
}

package dev.cathode.kernels.cuda.gpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.Kernel;
import dev.cathode.kernels.cuda.KernelArguments;
import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import dev.cathode.kernels.cuda.KernelSource;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.driver.FakeDriver;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.LibraryException;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A GPU whose driver and libraries are C files of the tests.
class GpuTest {
    private static final Kernel SCALE = new Kernel(KernelSource.of("elementwise.cu"), "scale");
    private static final ConvolutionTask.Epilogue RESIDUAL = new ConvolutionTask.Epilogue(true, false, false, true);
    private static Path folder;
    private static NativeLibrary driver;
    private static NativeLibrary cudnn;

    @TempDir
    private Path cache;

    private Gpu gpu;

    @BeforeAll
    static void compile(@TempDir Path libraries) throws IOException, InterruptedException {
        folder = libraries;
        driver = FakeDriver.open(libraries, "-Wl,-soname,libcuda.so.1");
        FakeLibraries.nvrtc(libraries);
        cudnn = FakeLibraries.cudnn(libraries);
        FakeLibraries.cublasLt(libraries);
    }

    private static LibrarySearch search(Path folder) {
        return FakeLibraries.search(folder);
    }

    @BeforeEach
    void open() {
        gpu = Gpu.open(0, false, search(folder), cache);
    }

    @AfterEach
    void everythingIsGivenBack() throws Throwable {
        if (gpu == null) {
            return;
        }
        gpu.close();
        for (NativeLibrary library : List.of(driver, cudnn)) {
            assertEquals(0, (int) library.function("fake_live", FunctionDescriptor.of(JAVA_INT)).invokeExact(),
                    library.toString());
        }
    }

    private float[] download(long address, int count) {
        float[] numbers = new float[count];
        gpu.download(address, MemorySegment.ofArray(numbers));
        return numbers;
    }

    private long upload(float... numbers) {
        long address = gpu.allocate(4L * numbers.length);
        gpu.upload(MemorySegment.ofArray(numbers), address);
        return address;
    }

    private static void scale(CudaMachine machine, long x, int count, float factor) {
        machine.launcher().launch(SCALE, Geometry.line(1, 32, 0),
                new KernelArguments().pointer(x).int64(count).float32(factor));
    }

    @Test
    void saysWhatItIs() {
        assertEquals("cuda:0, Fake GPU 0, sm_90, 1.0 GiB, driver for CUDA 13.0, NVRTC 13.0, cuBLASLt 130000, cuDNN 92400",
                gpu.description());
        assertEquals(132, gpu.launcher().limits().multiprocessors());
    }

    @Test
    void copiesOfEverySizeThroughSlots() {
        try (Gpu own = gpu) {
            int count = 7_000_001; // more than three slots
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = i;
            }
            long small = upload(1, 2, 3);
            long large = upload(numbers);
            long other = upload(4, 5);
            assertArrayEquals(numbers, download(large, count));
            assertArrayEquals(new float[] {1, 2, 3}, download(small, 3));
            assertArrayEquals(new float[] {4, 5}, download(other, 2));
            own.copy(large + 4, small, 8);
            own.clear(small + 8, 4);
            own.copy(large, small, 0);
            assertArrayEquals(new float[] {1, 2, 0}, download(small, 3));
            for (int i = 0; i < 100; i++) {
                own.upload(MemorySegment.ofArray(numbers).asSlice(0, 1 << 20), large);
            }
            List.of(small, large, other).forEach(own::free);
        } finally {
            gpu = Gpu.open(0, false, search(folder), cache);
        }
    }

    @Test
    void memoryThatIsNotThere() {
        long before = gpu.available();
        long block = gpu.allocate(1 << 20);
        assertEquals(before - (1 << 20), gpu.available());
        CudaException e = assertThrows(CudaException.class, () -> gpu.allocate(1L << 40));
        assertTrue(e.getMessage().contains("out of memory") && e.getMessage().contains("smaller batch"),
                e.getMessage());
        gpu.free(block);
        assertEquals(before, gpu.available());
    }

    @Test
    void productsByTheAlgorithmThatIsKept() throws IOException {
        Product product = Product.linear(2, 3, 2, Element.FLOAT32, Product.Epilogue.BIAS);
        long a = upload(1, 2, 3, 4, 5, 6);
        long b = upload(1, 0, 0, 0, 1, 0);
        long bias = upload(10, 20);
        long out = gpu.allocate(16);
        var prepared = gpu.product(product);
        assertEquals(prepared, gpu.product(product));
        long workspace = gpu.allocate(prepared.workspaceBytes());
        prepared.run(new Matmul.Addresses(a, b, bias, 0, out, workspace));
        assertArrayEquals(new float[] {11, 22, 14, 25}, download(out, 4));
        try (Stream<Path> files = Files.list(cache.resolve("algorithms"))) {
            assertEquals(1, files.count());
        }
        List.of(a, b, bias, out, workspace).forEach(gpu::free);
    }

    @Test
    void productsWithoutMemoryToTryThem() {
        long all = gpu.allocate(gpu.available() - 4096);
        assertEquals(512, gpu.product(Product.linear(20, 300, 20, Element.FLOAT32, Product.Epilogue.NONE))
                .workspaceBytes());
        gpu.free(all);
    }

    @Test
    void convolutionsByThePlanThatIsKept() throws IOException {
        var task = ConvolutionTask.same(1, 8, 4, 4, 8, 3, Element.FLOAT32, ConvolutionTask.Epilogue.BIAS);
        long memory = gpu.allocate(1 << 16);
        var tensors = Map.of(ConvolutionTask.INPUT, memory, ConvolutionTask.WEIGHTS, memory + 4096,
                ConvolutionTask.OUTPUT, memory + 32768, ConvolutionTask.BIAS, memory + 40000);
        gpu.convolution(task).orElseThrow().run(tensors, memory + 50000);
        assertEquals(100, download(memory + 32768, 1)[0]);
        assertEquals(Optional.empty(), gpu.convolution(ConvolutionTask.same(1, 8, 4, 4, 8, 3, Element.FLOAT32,
                RESIDUAL)));
        try (Stream<Path> files = Files.list(cache.resolve("plans"))) {
            files.forEach(GpuTest::damage); // a cache is not trusted
        }
        try (Gpu second = Gpu.open(0, false, search(folder), cache)) {
            var again = second.convolution(task).orElseThrow();
            assertEquals(0, again.workspaceBytes());
            CudaException e = assertThrows(CudaException.class, () -> again.run(Map.of(3L, 0L), 0));
            assertTrue(e.getMessage().contains("no address"), e.getMessage());
        }
        gpu.free(memory);
    }

    @Test
    void epiloguesAreFusedWhereThatIsFaster() throws IOException {
        var small = ConvolutionTask.same(1, 8, 4, 4, 8, 3, Element.FLOAT32,
                new ConvolutionTask.Epilogue(false, false, true, false));
        assertTrue(gpu.convolution(small).isEmpty());
        var silu = ConvolutionTask.same(1, 8, 256, 256, 8, 3, Element.FLOAT32,
                new ConvolutionTask.Epilogue(false, false, true, false));
        var slow = silu.with(new ConvolutionTask.Epilogue(true, true, true, false));
        for (int i = 0; i < 2; i++) {
            try (Gpu other = Gpu.open(0, false, search(folder), cache)) {
                assertTrue(other.convolution(silu).isPresent());
                assertTrue(other.convolution(slow).isEmpty());
                assertTrue(other.convolution(slow.with(ConvolutionTask.Epilogue.BIAS)).isPresent());
            }
            try (Stream<Path> files = Files.list(cache.resolve("plans"))) {
                assertEquals(4, files.count()); // the refusal is kept, too
            }
        }
    }

    @Test
    void attentionAndWhatIsRepeatable() {
        var small = new Attention.Shape(2, 2, 8, 8, 8, false, false, 1);
        assertTrue(gpu.attention(new AttentionTask(AttentionTask.Work.FORWARD, small,
                AttentionTask.Strides.contiguous(small), Element.BFLOAT16)).isEmpty());
        var shape = new Attention.Shape(2, 2, 256, 256, 32, false, false, 1);
        var task = new AttentionTask(AttentionTask.Work.FORWARD, shape, AttentionTask.Strides.contiguous(shape),
                Element.BFLOAT16);
        long memory = gpu.allocate(1 << 16);
        Map<Long, Long> tensors = new HashMap<>();
        task.with(AttentionTask.Work.GRADIENT).tensors().keySet().forEach(id -> tensors.put(id, memory + 4096 * id));
        gpu.attention(task).orElseThrow().run(tensors, memory + 50000);
        assertEquals(100, download(memory + 3 * 4096, 1)[0]); // the suggestion that was tried first
        assertTrue(gpu.attention(task.with(AttentionTask.Work.GRADIENT)).isPresent());
        assertTrue(gpu.attention(new AttentionTask(AttentionTask.Work.FORWARD, shape,
                AttentionTask.Strides.contiguous(shape), Element.FLOAT32)).isEmpty());
        try (Gpu second = Gpu.open(0, true, search(folder), cache)) {
            assertTrue(second.attention(task).isPresent());
            assertTrue(second.attention(task.with(AttentionTask.Work.GRADIENT)).isEmpty());
            second.convolution(ConvolutionTask.same(1, 8, 4, 4, 8, 3, Element.FLOAT32, ConvolutionTask.Epilogue.BIAS))
                    .orElseThrow().run(Map.of(3L, memory), memory);
            assertEquals(102, download(memory, 1)[0]); // the one engine that repeats itself
        }
        gpu.free(memory);
    }

    private static void damage(Path file) {
        try {
            Files.write(file, new byte[] {1, 2, 3});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void recordingsAreReplayed() {
        long x = upload(1, 2);
        Runnable work = () -> {
            scale(gpu, x, 2, 3);
            gpu.copy(x, x + 4, 4);
        };
        String early = assertThrows(IllegalStateException.class, () -> gpu.record(work)).getMessage();
        assertTrue(early.contains("before its first launch"), early);
        scale(gpu, x, 2, 1);
        try (var recording = gpu.record(work)) {
            assertArrayEquals(new float[] {1, 2}, download(x, 2));
            recording.replay();
            recording.replay();
            assertArrayEquals(new float[] {9, 9}, download(x, 2));
        }
        for (Runnable wrong : new Runnable[] {() -> gpu.allocate(1), () -> gpu.free(x), gpu::synchronize, gpu::available,
            () -> gpu.upload(MemorySegment.ofArray(new byte[1]), x), () -> download(x, 1), () -> gpu.record(work),
            () -> gpu.product(Product.linear(1, 1, 1, Element.FLOAT32, Product.Epilogue.NONE))}) {
            String no = assertThrows(IllegalStateException.class, () -> gpu.record(wrong)).getMessage();
            assertTrue(no.startsWith("a recording cannot"), no);
        }
        gpu.synchronize();
        gpu.free(x);
    }

    /// A number is fetched as it was when it was asked for, however much is done before it is waited for.
    @Test
    void numbersThatAreWaitedForLater() {
        long x = upload(1, 2);
        List<Supplier<float[]>> fetched = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 4; i++) {
                scale(gpu, x, 2, 2);
                fetched.add(gpu.fetch(x, i % 2 + 1));
            }
            for (int i = 0; i < 4; i++) {
                float[] numbers = fetched.get(4 * round + i).get();
                float first = (float) Math.pow(2, 4 * round + i + 1);
                assertArrayEquals(i % 2 == 0 ? new float[] {first} : new float[] {first, 2 * first}, numbers);
            }
        }
        assertThrows(IllegalStateException.class, () -> gpu.record(() -> gpu.fetch(x, 1)));
        gpu.free(x);
    }

    @Test
    void aKernelThatDoesNotCompileSaysWhy() {
        Kernel broken = new Kernel(KernelSource.of("elementwise.cu").with("BROKEN", 1), "scale");
        String message = assertThrows(CudaException.class, () -> gpu.launcher().launch(broken, Geometry.line(1, 32, 0),
                new KernelArguments())).getMessage();
        assertTrue(message.contains("elementwise.cu BROKEN=1") && message.contains("line 3: why"), message);
    }

    @Test
    void otherThreadsMayFollow() throws InterruptedException {
        List<Object> seen = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> seen.add(upload(5)));
        thread.join();
        long x = (long) seen.getFirst();
        assertEquals(5, download(x, 1)[0]);
        thread = Thread.ofVirtual().start(() -> seen.add(
                assertThrows(IllegalStateException.class, () -> gpu.allocate(1)).getMessage()));
        thread.join();
        assertTrue(seen.getLast().toString().contains("platform thread"), seen.toString());
        gpu.free(x);
    }

    @Test
    void whatIsMissingIsOneLine(@TempDir Path none, @TempDir Path old, @TempDir Path empty) throws Exception {
        assertEquals(Optional.empty(), Gpu.obstacle(0, search(folder)));
        assertEquals("cuda:7: no such GPU: there is cuda:0, cuda:1", Gpu.obstacle(7, search(folder)).orElseThrow());
        LibraryException e = assertThrows(LibraryException.class, () -> Gpu.open(7, false, search(folder), cache));
        assertTrue(e.getMessage().startsWith("cuda:7: no such GPU"), e.getMessage());
        FakeDriver.open(none, "-DNO_DEVICE");
        String noGpu = Gpu.obstacle(0, search(none)).orElseThrow();
        assertTrue(noGpu.startsWith("GPU: cuInit") && noGpu.contains("nvidia-smi"), noGpu);
        FakeDriver.open(old, "-DVERSION=11080");
        String tooOld = Gpu.obstacle(0, search(old)).orElseThrow();
        assertTrue(tooOld.startsWith("CUDA driver: CUDA 11.8") && tooOld.contains("too old"), tooOld);
        FakeDriver.open(empty);
        for (CudaLibrary library : List.of(CudaLibrary.NVRTC, CudaLibrary.CUBLAS_LT, CudaLibrary.CUDNN)) {
            if (LibrarySearch.of(Map.of()).find(library) instanceof NativeLibrary) {
                return; // the system, or another test, has opened what should be missing
            }
        }
        String noCompiler = Gpu.obstacle(0, search(empty)).orElseThrow();
        assertTrue(noCompiler.startsWith("NVRTC: libnvrtc.so.13 or libnvrtc.so.12 not found"), noCompiler);
        FakeLibraries.nvrtc(empty);
        FakeLibraries.cublasLt(empty);
        String noDnn = Gpu.obstacle(0, search(empty)).orElseThrow();
        assertTrue(noDnn.startsWith("cuDNN: libcudnn.so.9 not found") && noDnn.contains("pip install"), noDnn);
        for (String line : List.of(noGpu, tooOld, noCompiler, noDnn)) {
            assertEquals(1, line.lines().count(), line);
        }
    }

    @Test
    void librariesOfANewerCudaThanTheDrivers(@TempDir Path twelve) throws Exception {
        FakeDriver.open(twelve, "-DVERSION=12040");
        FakeLibraries.nvrtc(twelve);
        String line = Gpu.obstacle(0, search(twelve)).orElseThrow();
        assertTrue(line.startsWith("NVRTC: ") && line.contains("is made for CUDA 13, and the driver runs CUDA 12.4: "
                + "update the driver"), line);
    }
}

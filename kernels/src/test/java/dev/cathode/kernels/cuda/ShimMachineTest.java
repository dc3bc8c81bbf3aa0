package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.blas.Product.Epilogue;
import dev.cathode.kernels.cuda.blas.Product.Operand;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.library.CudaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The machine that tests run on, against float64.
class ShimMachineTest {
    private static final int M = 5;
    private static final int N = 7;
    private static final int K = 9;
    private ShimMachine machine;

    @BeforeEach
    void open() {
        ShimMachine.missing(ShimMachine.Options.QUICK).ifPresent(reason -> Assumptions.abort(reason));
        machine = ShimMachine.open(ShimMachine.Options.QUICK);
    }

    @AfterEach
    void close() {
        if (machine != null) {
            machine.close();
        }
    }

    private long upload(Element element, float... numbers) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[numbers.length * element.bytes()]);
        for (int i = 0; i < numbers.length; i++) {
            Numbers.set(element, bytes, i, numbers[i]);
        }
        long address = machine.allocate(bytes.byteSize());
        machine.upload(bytes, address);
        return address;
    }

    private float[] download(Element element, long address, int count) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[count * element.bytes()]);
        machine.download(address, bytes);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Numbers.get(element, bytes, i);
        }
        return numbers;
    }

    private static void check(Element element, double[] expected, float[] actual, double scale, String what) {
        for (int i = 0; i < expected.length; i++) {
            double allowed = scale * 0x1p-22 + Math.abs(expected[i]) * Numbers.epsilon(element) * 1.01
                    + (element == Element.FLOAT16 ? 0x1p-24 : 0);
            assertEquals(expected[i], actual[i], allowed, what + ", number " + i);
        }
    }

    private static int place(Operand operand, int batch, int row, int column) {
        return Math.toIntExact(batch * operand.batchStride() + (operand.transposed() ? column * operand.stride() + row
                : row * operand.stride() + column));
    }

    private void multiply(Product p, boolean residual) {
        float[] a = Numbers.normal(p.element(), 300, 1);
        float[] b = Numbers.normal(p.element(), 300, 2);
        float[] out = Numbers.normal(p.outElement(), 300, 3);
        float[] bias = Numbers.normal(p.outElement(), N, 4);
        double[] expected = new double[300];
        Arrays.setAll(expected, i -> out[i]);
        double[] sums = new double[M];
        for (int batch = 0; batch < p.batch(); batch++) {
            for (int i = 0; i < M; i++) {
                for (int j = 0; j < N; j++) {
                    double sum = residual ? out[place(p.out(), batch, i, j)] : 0;
                    for (int l = 0; l < K; l++) {
                        sum += (double) a[place(p.a(), batch, i, l)] * b[place(p.b(), batch, l, j)];
                    }
                    sum += p.epilogue() == Epilogue.BIAS || p.epilogue() == Epilogue.BIAS_TANH_GELU ? bias[j] : 0;
                    expected[place(p.out(), batch, i, j)] = p.epilogue() == Epilogue.TANH_GELU
                            || p.epilogue() == Epilogue.BIAS_TANH_GELU ? sum / 2 * (1 + Math.tanh(
                            Math.sqrt(2 / Math.PI) * (sum + 0.044715 * sum * sum * sum))) : sum;
                }
                for (int l = 0; l < K; l++) {
                    sums[i] += a[place(p.a(), 0, i, l)];
                }
            }
        }
        long result = upload(p.outElement(), out);
        long vector = upload(p.outElement(), bias);
        try (var product = machine.product(p)) {
            product.run(new Matmul.Addresses(upload(p.element(), a), upload(p.element(), b),
                    p.epilogue() == Epilogue.NONE || p.epilogue() == Epilogue.TANH_GELU ? 0 : vector,
                    residual ? result : 0, result, machine.allocate(product.workspaceBytes())));
        }
        check(p.outElement(), expected, download(p.outElement(), result, 300), 30, p.toString());
        if (p.epilogue() == Epilogue.BIAS_GRADIENT) {
            check(p.outElement(), sums, download(p.outElement(), vector, M), 30, p.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void productsOfMatrices(Element element) {
        for (int transposes = 0; transposes < 4; transposes++) {
            boolean first = transposes / 2 == 1;
            boolean second = transposes % 2 == 1;
            Operand left = new Operand(first, (first ? M : K) + 2, 80);
            Operand right = new Operand(second, (second ? K : N) + 1, 90);
            for (Epilogue epilogue : Epilogue.values()) {
                for (Element out : new Element[] {element, Element.FLOAT32}) {
                    multiply(new Product(1, M, N, K, left, right, new Operand(false, N + 3, 0), element, out, epilogue,
                            false), epilogue != Epilogue.TANH_GELU && epilogue != Epilogue.BIAS_TANH_GELU);
                }
            }
            multiply(new Product(3, M, N, K, left, right, new Operand(false, N + 1, 70), element, element,
                    Epilogue.NONE, false), true);
            multiply(new Product(3, M, N, K, left, new Operand(second, (second ? K : N) + 1, 0),
                    new Operand(false, N, 80), element, element, Epilogue.BIAS, false), false);
        }
    }

    @Test
    void tf32RoundsFactors() {
        long a = upload(Element.FLOAT32, 1 + 0x1p-10f, 1 + 0x1p-12f);
        long b = upload(Element.FLOAT32, 1, 1);
        long out = machine.allocate(4);
        machine.product(Product.linear(1, 2, 1, Element.FLOAT32, Epilogue.NONE).withTf32()).run(
                new Matmul.Addresses(a, b, 0, 0, out, machine.allocate(512)));
        assertEquals(2 + 0x1p-10f, download(Element.FLOAT32, out, 1)[0]);
    }

    /// All that a convolution and its gradients have to do with each other, in float64.
    private void convolve(ConvolutionTask t) {
        int in = Math.toIntExact(t.batch() * t.height() * t.width() * t.inputs());
        int of = Math.toIntExact(t.outputs() * t.rows().kernel() * t.columns().kernel() * t.inputs());
        int pixels = Math.toIntExact(t.batch() * t.outHeight() * t.outWidth());
        int outputs = Math.toIntExact(t.outputs());
        float[] x = Numbers.normal(t.element(), in, 1);
        float[] w = Numbers.normal(t.element(), of, 2);
        float[] y = Numbers.normal(t.element(), pixels * outputs, 3);
        float[] bias = Numbers.normal(t.element(), outputs, 4);
        float[] sample = Numbers.normal(t.element(), Math.toIntExact(t.batch()) * outputs, 5);
        double[] forward = new double[y.length];
        double[] dx = new double[in];
        double[] dw = new double[of];
        for (int p = 0; p < pixels; p++) {
            for (int o = 0; o < outputs; o++) {
                for (int ky = 0; ky < t.rows().kernel(); ky++) {
                    for (int kx = 0; kx < t.columns().kernel(); kx++) {
                        long row = p / t.outWidth() % t.outHeight() * t.rows().stride() + ky - t.rows().paddingBefore();
                        long column = p % t.outWidth() * t.columns().stride() + kx - t.columns().paddingBefore();
                        for (int i = 0; i < t.inputs() && row >= 0 && row < t.height() && column >= 0
                                && column < t.width(); i++) {
                            int at = Math.toIntExact(((p / (t.outHeight() * t.outWidth()) * t.height() + row)
                                    * t.width() + column) * t.inputs() + i);
                            int f = Math.toIntExact(((o * t.rows().kernel() + ky) * t.columns().kernel() + kx)
                                    * t.inputs() + i);
                            forward[p * outputs + o] += (double) x[at] * w[f];
                            dx[at] += (double) y[p * outputs + o] * w[f];
                            dw[f] += (double) y[p * outputs + o] * x[at];
                        }
                    }
                }
            }
        }
        long input = upload(t.element(), x);
        long weights = upload(t.element(), w);
        long output = upload(t.element(), y);
        for (var work : new ConvolutionTask.Work[] {ConvolutionTask.Work.INPUT_GRADIENT,
                ConvolutionTask.Work.WEIGHT_GRADIENT}) {
            boolean ofInput = work == ConvolutionTask.Work.INPUT_GRADIENT;
            long result = machine.allocate((long) (ofInput ? in : of) * t.element().bytes());
            run(t.gradient(work), Map.of(ConvolutionTask.INPUT, ofInput ? result : input, ConvolutionTask.WEIGHTS,
                    ofInput ? weights : result, ConvolutionTask.OUTPUT, output));
            check(t.element(), ofInput ? dx : dw, download(t.element(), result, ofInput ? in : of), 200,
                    work + " of " + t);
        }
        long residual = upload(t.element(), y);
        var e = t.epilogue();
        for (int i = 0; i < y.length; i++) {
            double sum = forward[i] + (e.bias() ? bias[i % outputs] : 0)
                    + (e.sampleBias() ? sample[i / (y.length / Math.toIntExact(t.batch())) * outputs + i % outputs] : 0);
            forward[i] = (e.silu() ? sum / (1 + Math.exp(-sum)) : sum) + (e.residual() ? y[i] : 0);
        }
        var tensors = new HashMap<>(Map.of(ConvolutionTask.INPUT, input, ConvolutionTask.WEIGHTS, weights,
                ConvolutionTask.OUTPUT, output));
        if (e.bias()) {
            tensors.put(ConvolutionTask.BIAS, upload(t.element(), bias));
        }
        if (e.sampleBias()) {
            tensors.put(ConvolutionTask.SAMPLE_BIAS, upload(t.element(), sample));
        }
        if (e.residual()) {
            tensors.put(ConvolutionTask.RESIDUAL, residual);
        }
        run(t, tensors);
        check(t.element(), forward, download(t.element(), output, y.length), 200, t.toString());
    }

    private void run(ConvolutionTask task, Map<Long, Long> tensors) {
        try (var convolution = machine.convolution(task).orElseThrow()) {
            convolution.run(tensors, machine.allocate(convolution.workspaceBytes()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void convolutionsAndTheirGradients(Element element) {
        for (int e = 0; e < 16; e++) {
            var epilogue = new ConvolutionTask.Epilogue((e & 1) != 0, (e & 2) != 0, (e & 4) != 0, (e & 8) != 0);
            convolve(ConvolutionTask.same(2, 3, 5, 4, 6, 3, element, epilogue));
        }
        convolve(ConvolutionTask.same(1, 8, 3, 3, 5, 1, element, ConvolutionTask.Epilogue.BIAS));
        convolve(new ConvolutionTask(ConvolutionTask.Work.FORWARD, 2, 3, 7, 6, 4, new ConvolutionTask.Axis(3, 2, 0, 1),
                new ConvolutionTask.Axis(3, 2, 0, 1), element, ConvolutionTask.Epilogue.NONE));
        convolve(new ConvolutionTask(ConvolutionTask.Work.FORWARD, 1, 3, 9, 8, 4, new ConvolutionTask.Axis(1, 1, 0, 0),
                new ConvolutionTask.Axis(5, 2, 2, 1), element, ConvolutionTask.Epilogue.BIAS));
    }

    @Test
    void whatNvidiaWouldNotFuseIsRefusedIfAsked() {
        try (var other = ShimMachine.open(ShimMachine.Options.QUICK.withoutFusion())) {
            var plain = ConvolutionTask.same(1, 3, 4, 4, 5, 3, Element.FLOAT32, ConvolutionTask.Epilogue.BIAS);
            var fused = ConvolutionTask.same(1, 3, 4, 4, 5, 3, Element.FLOAT32,
                    new ConvolutionTask.Epilogue(true, false, false, true));
            assertTrue(other.convolution(plain).isPresent());
            assertTrue(other.convolution(fused).isEmpty());
        }
    }

    /// The machine's attention and ours, forward and backward, from columns of one tensor: they differ by bfloat16's
    /// error at most, and in the base of their statistics.
    @Test
    void attentionIsLikeOurs() {
        var shape = new Attention.Shape(2, 3, 21, 33, 16, false, false, 0.3f);
        int row = 48, queries = 2 * 21 * row, keys = 2 * 33 * row;
        machine.close();
        machine = ShimMachine.open(ShimMachine.Options.QUICK.withAttention());
        assertTrue(machine.attention(new AttentionTask(AttentionTask.Work.FORWARD, shape,
                AttentionTask.Strides.contiguous(shape), Element.FLOAT32)).isEmpty());
        var task = new AttentionTask(AttentionTask.Work.FORWARD_WITH_STATISTICS, shape,
                new AttentionTask.Strides(row, 2 * row, 2 * row, row, row), Element.BFLOAT16);
        long q = upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, queries, 1));
        long k = upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, 2 * keys, 2));
        long dy = upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, queries, 3));
        long[] y = {machine.allocate(2L * queries), machine.allocate(2L * queries)};
        long[] sums = {machine.allocate(4 * 126), machine.allocate(4 * 126)};
        long[] gradients = new long[6];
        Arrays.setAll(gradients, i -> machine.allocate(2L * (i % 3 == 0 ? queries : keys)));
        long workspace = machine.allocate(1 << 16);
        var tensors = new HashMap<>(Map.of(AttentionTask.Q, q, AttentionTask.K, k, AttentionTask.V, k + 2 * row,
                AttentionTask.OUTPUT, y[0], AttentionTask.STATISTICS, sums[0]));
        machine.attention(task).orElseThrow().run(tensors, workspace);
        tensors.put(AttentionTask.OUTPUT_GRADIENT, dy);
        tensors.put(AttentionTask.Q_GRADIENT, gradients[0]);
        tensors.put(AttentionTask.K_GRADIENT, gradients[1]);
        tensors.put(AttentionTask.V_GRADIENT, gradients[2]);
        machine.attention(task.with(AttentionTask.Work.GRADIENT)).orElseThrow().run(tensors, workspace);
        var ours = new CudaAttention(machine.launcher(), shape, Element.BFLOAT16);
        ours.run(new Attention.Arguments(q, row, k, 2 * row, k + 2 * row, 2 * row, 0, y[1], row, 0), sums[1]);
        ours.gradient(new AttentionGradient.Arguments(q, row, k, 2 * row, k + 2 * row, 2 * row, 0, y[1], row, dy, row,
                gradients[3], gradients[4], gradients[5], machine.allocate(ours.workspaceBytes())), sums[1]);
        near(download(Element.BFLOAT16, y[0], queries), download(Element.BFLOAT16, y[1], queries));
        float[] base2 = download(Element.FLOAT32, sums[1], 126);
        float[] natural = download(Element.FLOAT32, sums[0], 126);
        for (int i = 0; i < 126; i++) {
            assertEquals(base2[i] * Math.log(2), natural[i], 1e-4);
        }
        for (int i = 0; i < 3; i++) {
            int count = i == 0 ? queries : keys;
            near(download(Element.BFLOAT16, gradients[i], count),
                    download(Element.BFLOAT16, gradients[i + 3], count));
        }
    }

    private static void near(float[] one, float[] other) {
        double error = 0, size = 0;
        for (int i = 0; i < one.length; i++) {
            error += Math.pow(one[i] - other[i], 2);
            size += Math.pow(other[i], 2);
        }
        assertTrue(Math.sqrt(error / size) < 4e-3, "relative error " + Math.sqrt(error / size));
    }

    @Test
    void memoryIsGivenBackAndUsedAgain() {
        long all = machine.available();
        machine.setMemory(1 << 20);
        long first = machine.allocate(300_000);
        long second = machine.allocate(300_001);
        assertEquals((1 << 20) - 600_064, machine.available());
        CudaException none = assertThrows(CudaException.class, () -> machine.allocate(500_000));
        assertTrue(none.getMessage().contains("500000 bytes"), none.getMessage());
        assertTrue(Float.isNaN(download(Element.FLOAT32, first, 1)[0]));
        machine.clear(first, 300_000);
        machine.copy(first + 8, second, 4);
        assertEquals(0, download(Element.FLOAT32, second, 1)[0]);
        machine.free(first);
        machine.free(second);
        assertEquals(1 << 20, machine.available());
        assertEquals(first, machine.allocate(900_000));
        assertTrue(Float.isNaN(download(Element.FLOAT32, first, 1)[0]));
        assertThrows(IllegalArgumentException.class, () -> machine.free(second));
        machine.setMemory(all);
        assertEquals(1, machine.buffers());
    }

    @Test
    void whatIsOutOfBoundsIsNoticed() {
        long x = upload(Element.FLOAT32, new float[64]);
        long y = machine.allocate(4 * 63);
        new CudaElementwise(machine.launcher(), Element.FLOAT32).affine(1, 1, x, y, 64);
        assertThrows(IllegalStateException.class, () -> machine.free(y));
        var linear = machine.product(Product.linear(4, 8, 8, Element.FLOAT32, Epilogue.NONE));
        long workspace = machine.allocate(512);
        long out = machine.allocate(4 * 32);
        for (var where : new Matmul.Addresses[] {
            new Matmul.Addresses(out, x, 0, 0, x, workspace), // lies over a factor
            new Matmul.Addresses(out, x + 4, 0, 0, out, workspace), // not aligned
            new Matmul.Addresses(out + 16, x, 0, 0, out, workspace), // too long
            new Matmul.Addresses(x, x, out, 0, out, workspace), // no bias wanted
            new Matmul.Addresses(x, x, 0, 0, out, 0)}) {
            assertThrows(IllegalArgumentException.class, () -> linear.run(where), where.toString());
        }
        linear.run(new Matmul.Addresses(x, x, 0, 0, out, workspace));
        assertThrows(IllegalArgumentException.class, () -> machine.upload(MemorySegment.ofArray(new byte[257]), x));
    }

    @Test
    void recordingsAreDoneAgainWithTheNumbersInMemory() {
        long x = upload(Element.FLOAT32, 1, 2, 3, 4);
        long y = machine.allocate(16);
        long z = machine.allocate(16);
        var kernels = new CudaElementwise(machine.launcher(), Element.FLOAT32);
        var linear = machine.product(Product.linear(1, 2, 2, Element.FLOAT32, Epilogue.NONE));
        long workspace = machine.allocate(linear.workspaceBytes());
        Runnable work = () -> {
            kernels.affine(2, 1, x, y, 4);
            linear.run(new Matmul.Addresses(x, y, 0, 0, z, workspace));
            machine.copy(z, x, 8);
            machine.clear(x + 8, 8);
        };
        assertThrows(IllegalStateException.class, () -> machine.record(work)); // nothing compiled
        kernels.affine(2, 1, x, z, 4);
        long before = machine.done();
        try (var recording = machine.record(work)) {
            assertEquals(before, machine.done());
            recording.replay();
            assertEquals(before + 4, machine.done());
            assertArrayEquals(new float[] {13, 25, 0, 0}, download(Element.FLOAT32, x, 4));
            recording.replay();
            assertArrayEquals(new float[] {13 * 27 + 25 * 51, 13 + 25, 0, 0}, download(Element.FLOAT32, x, 4));
        }
        for (Runnable wrong : new Runnable[] {() -> machine.allocate(1), () -> machine.free(x), machine::synchronize,
            () -> machine.upload(MemorySegment.ofArray(new byte[1]), x),
            () -> machine.download(x, MemorySegment.ofArray(new byte[1])),
            () -> machine.product(Product.linear(1, 1, 1, Element.FLOAT32, Epilogue.NONE)),
            () -> machine.record(work)}) {
            assertThrows(IllegalStateException.class, () -> machine.record(wrong));
        }
    }

    @Test
    void quickThreadsGiveWhatCarefulOnesGive() {
        ShimMachine.Options careful = new ShimMachine.Options(true, true, false, 1 << 24);
        ShimMachine.missing(careful).ifPresent(reason -> Assumptions.abort(reason));
        try (var other = ShimMachine.open(careful)) {
            assertArrayEquals(groupNorm(other), groupNorm(machine));
        }
    }

    private static byte[] groupNorm(CudaMachine machine) {
        var shape = new CudaGroupNorm.Shape(2, 37, 40, 4);
        var kernels = new CudaGroupNorm(machine.launcher(), Element.FLOAT32);
        float[] numbers = Numbers.normal(Element.FLOAT32, 2 * 37 * 40, 1);
        long x = machine.allocate(4L * numbers.length);
        long y = machine.allocate(4L * numbers.length);
        machine.upload(MemorySegment.ofArray(numbers), x);
        kernels.groupNorm(x, x, x, y, shape, 1e-5f, Activation.SILU, machine.allocate(kernels.workspaceBytes(shape)));
        MemorySegment result = MemorySegment.ofArray(new byte[4 * numbers.length]);
        machine.download(y, result);
        return result.toArray(JAVA_BYTE);
    }
}

package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Attention;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Kernels with one mistake planted each: what runs them must notice, by an error or by other numbers.
class MutantTest extends ShimTest {
    /// A mistake.
    ///
    /// @param from text of a kernel
    /// @param to what stands there instead
    /// @param run runs the kernel; its result
    /// @param message part of the error, or empty if the numbers must differ
    private record Mutant(String name, String from, String to, Function<TestDevice, byte[]> run, String message) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static byte[] groupNorm(TestDevice device) {
        var shape = new CudaGroupNorm.Shape(1, 37, 40, 4);
        var kernels = new CudaGroupNorm(device, Element.BFLOAT16);
        long y = device.allocate(37 * 40 * 2);
        kernels.groupNorm(device.upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, 37 * 40, 1)),
                device.upload(Element.FLOAT32, Numbers.normal(Element.FLOAT32, 40, 2)),
                device.upload(Element.FLOAT32, Numbers.normal(Element.FLOAT32, 40, 3)), y, shape, 1e-5f,
                Activation.SILU, device.allocate(kernels.workspaceBytes(shape)));
        return device.bytes(y, 37 * 40 * 2);
    }

    private static byte[] softmax(TestDevice device) {
        long y = device.allocate(4 * 3 * 301);
        new CudaSoftmax(device, Element.FLOAT32).softmax(
                device.upload(Element.FLOAT32, Numbers.normal(Element.FLOAT32, 903, 1)), y, 3, 301);
        return device.bytes(y, 4 * 903);
    }

    private static byte[] affine(TestDevice device) {
        long y = device.allocate(4 * 1027, 4);
        new CudaElementwise(device, Element.FLOAT32).affine(2, 1,
                device.uploadSkewed(Element.FLOAT32, 4, Numbers.normal(Element.FLOAT32, 1027, 1)), y, 1027);
        return device.bytes(y, 4 * 1027);
    }

    private static byte[] attention(TestDevice device) {
        var shape = new Attention.Shape(1, 1, 40, 200, 24, false, false, 0.2f);
        long y = device.allocate(40 * 24 * 2);
        new CudaAttention(device, shape, Element.BFLOAT16).run(new Attention.Arguments(
                device.upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, 40 * 24, 1)), 24,
                device.upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, 200 * 24, 2)), 24,
                device.upload(Element.BFLOAT16, Numbers.normal(Element.BFLOAT16, 200 * 24, 3)), 24, 0, y, 24, 0), 0);
        return device.bytes(y, 40 * 24 * 2);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                new Mutant("a missing barrier", "__syncthreads();\n    const int rows = pixel_rows",
                        "const int rows = pixel_rows", MutantTest::groupNorm, ""),
                new Mutant("a missing barrier before a tile is overwritten",
                        "__syncthreads(); // the tile may be overwritten", "", MutantTest::attention, ""),
                new Mutant("a barrier that some threads miss", "__syncthreads();\n    N sum = 0;",
                        "if (threadIdx.x % 32 == 0) {\n        __syncthreads();\n    }\n    N sum = 0;",
                        MutantTest::softmax, "has ended"),
                new Mutant("a short shuffle", "x += __shfl_xor_sync(0xffffffffu, x, d)",
                        "x += d == 16 ? 0 : __shfl_xor_sync(0xffffffffu, x, d)", MutantTest::groupNorm, ""),
                new Mutant("a shuffle without its partner", "__shfl_xor_sync(0xffffffffu, x, d)",
                        "__shfl_xor_sync(0xffffu << (threadIdx.x & 16), x, d)", MutantTest::softmax, "is not in mask"),
                new Mutant("a swapped fragment", "multiply(out[2 * c], p, b[0], b[1])",
                        "multiply(out[2 * c], p, b[1], b[0])", MutantTest::attention, ""),
                new Mutant("a wrong row of a fragment", "lane % 16) * stride", "lane % 8) * stride",
                        MutantTest::attention, ""),
                new Mutant("copies that nobody waits for", "async_wait<0>();", "", MutantTest::attention, ""),
                new Mutant("a tail that ends too early", "i < count; i += threads", "i < count - 1; i += threads",
                        MutantTest::affine, ""),
                new Mutant("a tail that ends too late", "i < count; i += threads", "i <= count; i += threads",
                        MutantTest::affine, "AddressSanitizer"),
                new Mutant("an access of 16 bytes where there are none", "aligned(x, y), [=]", "true, [=]",
                        MutantTest::affine, "misaligned address"),
                new Mutant("shared memory that is too small", "__shared__ float scratch[64];",
                        "__shared__ float scratch[33];", MutantTest::softmax, "a kernel failed"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isCaught(Mutant mutant) {
        byte[] right = mutant.run.apply(device);
        device.seed(7);
        assertArrayEquals(right, mutant.run.apply(device), "without the mistake");
        boolean[] planted = new boolean[1];
        try (var mutated = new ShimDevice(compiler(), text -> {
            String changed = text.replace(mutant.from, mutant.to);
            planted[0] |= !changed.equals(text);
            return changed;
        })) {
            if (mutant.message.isEmpty()) {
                assertFalse(isUnnoticed(mutant, mutated, right), "nobody noticed");
            } else {
                var error = assertThrows(IllegalStateException.class, () -> mutant.run.apply(mutated));
                assertTrue(error.getMessage().contains(mutant.message), error.getMessage());
            }
        }
        assertTrue(planted[0], "the text to be changed is not there");
    }

    private static boolean isUnnoticed(Mutant mutant, TestDevice device, byte[] right) {
        try {
            return Arrays.equals(right, mutant.run.apply(device));
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @Test
    void argumentsOfTheWrongKindAreRefused() {
        var fill = new Kernel(KernelSource.of("elementwise.cu").using("activations.cuh"), "fill");
        var error = assertThrows(IllegalStateException.class, () -> device.launch(fill,
                KernelLauncher.Geometry.line(1, 32, 0), new KernelArguments().float32(1).pointer(0).int32(1)));
        assertTrue(error.getMessage().contains("fpl, not fpi"), error.getMessage());
    }

    @Test
    void aBlockLargerThanItsBoundIsRefused() {
        var fill = new Kernel(KernelSource.of("elementwise.cu").using("activations.cuh"), "fill");
        var error = assertThrows(IllegalStateException.class, () -> device.launch(fill,
                KernelLauncher.Geometry.line(1, 512, 0), new KernelArguments().float32(1).pointer(0).int64(0)));
        assertTrue(error.getMessage().contains("bound to 256"), error.getMessage());
    }

    @Test
    void freshMemoryIsNotANumber() {
        assertTrue(Float.isNaN(device.download(Element.BFLOAT16, device.allocate(2), 1)[0]));
        assertTrue(Float.isNaN(device.download(Element.FLOAT16, device.allocate(2), 1)[0]));
        assertTrue(Float.isNaN(device.download(Element.FLOAT32, device.allocate(4), 1)[0]));
    }
}

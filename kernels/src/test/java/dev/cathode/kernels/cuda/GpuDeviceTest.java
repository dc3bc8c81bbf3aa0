package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The device on which tests of kernels run on a GPU, here on the machine that plays one.
class GpuDeviceTest {
    private static final ShimMachine.Options OPTIONS = ShimMachine.Options.QUICK;
    private ShimMachine machine;
    private GpuDevice device;

    @BeforeEach
    void open() {
        Optional<String> missing = ShimMachine.missing(OPTIONS);
        assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
        machine = ShimMachine.open(OPTIONS);
        device = new GpuDevice(machine, 1 << 20);
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    @Test
    void kernelsRunOnItsBuffers() {
        long x = device.uploadSkewed(Element.BFLOAT16, 4, 1, 2, 3);
        long y = device.allocate(6);
        assertTrue(Float.isNaN(device.download(Element.BFLOAT16, y, 3)[2]));
        new CudaElementwise(device, Element.BFLOAT16).affine(2, 1, x, y, 3);
        assertArrayEquals(new float[] {3, 5, 7}, device.download(Element.BFLOAT16, y, 3));
        device.write(Element.BFLOAT16, y, 9);
        assertArrayEquals(new float[] {9, 5, 7}, device.download(Element.BFLOAT16, y, 3));
        assertArrayEquals(new int[] {4, -5}, device.downloadInts(device.uploadInts(4, -5), 2));
        assertArrayEquals(new byte[] {6, 0, 0, 0, 0, 0, 0, 0}, device.bytes(device.uploadLongs(6), 8));
        assertFalse(device.hasFailed());
        device.reset();
        assertThrows(IllegalStateException.class, () -> device.allocate(1 << 20));
    }

    @Test
    void whatIsWrittenBesideABufferIsNoticed() {
        long x = device.allocate(10);
        device.reset();
        long y = device.allocate(10);
        device.write(y + 10, MemorySegment.ofArray(new byte[1]));
        assertTrue(assertThrows(IllegalStateException.class, device::reset).getMessage().contains("10 bytes after"));
        assertTrue(x == y, "buffers are forgotten");
    }
}

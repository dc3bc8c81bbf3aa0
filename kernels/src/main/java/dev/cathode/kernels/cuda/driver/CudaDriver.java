package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Functions;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The driver: the way to all GPUs of this machine.
public final class CudaDriver {
    private static final int NAME_BYTES = 256;

    private final DriverFunctions cuda;
    private final int version;

    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the driver is too old to have all functions
    public CudaDriver(Functions library) {
        cuda = new DriverFunctions(library);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            cuda.run("cuDriverGetVersion", () -> (int) cuda.driverGetVersion.invokeExact(out));
            version = out.get(JAVA_INT, 0);
        }
    }

    /// Opens this machine's driver and starts it.
    ///
    /// @throws dev.cathode.kernels.cuda.library.LibraryException if there is none
    /// @throws CudaException if it finds no GPU or does not start
    public static CudaDriver open(LibrarySearch search) {
        CudaDriver driver = new CudaDriver(search.find(CudaLibrary.DRIVER).orThrow());
        driver.start();
        return driver;
    }

    /// Starts the driver; every other call but [#version()] needs it.
    public void start() {
        cuda.run("cuInit", () -> (int) cuda.init.invokeExact(0));
    }

    /// The newest CUDA that this driver runs: 13000 for 13.0, 12040 for 12.4.
    public int version() {
        return version;
    }

    /// The majors of CUDA whose libraries this driver runs, best first: a driver runs older ones too.
    public List<Integer> majors() {
        return CudaLibrary.MAJORS.stream().filter(major -> major <= version / 1000).toList();
    }

    /// All GPUs.
    public List<CudaDevice> devices() {
        List<CudaDevice> devices = new ArrayList<>();
        int count = count();
        for (int i = 0; i < count; i++) {
            devices.add(describe(i));
        }
        return devices;
    }

    /// The GPU of an index.
    ///
    /// @throws CudaException if there is no GPU of that index
    public CudaDevice device(int index) {
        int count = count();
        if (index < 0 || index >= count) {
            throw new CudaException("cuda:" + index, "no such GPU", 101, count == 1 ? "the only one is cuda:0"
                    : "there are " + count + ", cuda:0 to cuda:" + (count - 1));
        }
        return describe(index);
    }

    private int count() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            cuda.run("cuDeviceGetCount", () -> (int) cuda.deviceGetCount.invokeExact(out));
            return out.get(JAVA_INT, 0);
        }
    }

    private CudaDevice describe(int index) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            cuda.run("cuDeviceGet(" + index + ")", () -> (int) cuda.deviceGet.invokeExact(out, index));
            int ordinal = out.get(JAVA_INT, 0);
            MemorySegment name = arena.allocate(NAME_BYTES);
            cuda.run("cuDeviceGetName", () -> (int) cuda.deviceGetName.invokeExact(name, NAME_BYTES, ordinal));
            cuda.run("cuDeviceTotalMem_v2", () -> (int) cuda.deviceTotalMem.invokeExact(out, ordinal));
            long memory = out.get(JAVA_LONG, 0);
            return new CudaDevice(index, ordinal, name.getString(0), attribute(ordinal, 75, out),
                    attribute(ordinal, 76, out), memory, attribute(ordinal, 16, out), attribute(ordinal, 39, out),
                    attribute(ordinal, 97, out), attribute(ordinal, 38, out));
        }
    }

    private int attribute(int ordinal, int attribute, MemorySegment out) {
        cuda.run("cuDeviceGetAttribute(" + attribute + ")",
                () -> (int) cuda.deviceGetAttribute.invokeExact(out, attribute, ordinal));
        return out.get(JAVA_INT, 0);
    }

    /// Takes a GPU's primary context, the one that NVIDIA's libraries use too, and makes it this thread's.
    public CudaContext context(CudaDevice device) {
        return new CudaContext(cuda, device);
    }
}

package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.Downcalls;
import dev.cathode.kernels.cuda.library.Functions;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// The functions of `libcuda.so.1` that we call, each with its versioned symbol and exact C types: pointers and opaque
/// handles are addresses, `size_t`, `CUdeviceptr` and `unsigned long long` are longs, enums, `CUdevice` and `unsigned`
/// are ints. All return a `CUresult`.
final class DriverFunctions {
    final MethodHandle init;
    final MethodHandle driverGetVersion;
    final MethodHandle getErrorName;
    final MethodHandle getErrorString;
    final MethodHandle deviceGetCount;
    final MethodHandle deviceGet;
    final MethodHandle deviceGetName;
    final MethodHandle deviceGetAttribute;
    final MethodHandle deviceTotalMem;
    final MethodHandle primaryCtxRetain;
    final MethodHandle primaryCtxRelease;
    final MethodHandle ctxSetCurrent;
    final MethodHandle ctxSynchronize;
    final MethodHandle memAlloc;
    final MethodHandle memFree;
    final MethodHandle memGetInfo;
    final MethodHandle memHostAlloc;
    final MethodHandle memFreeHost;
    final MethodHandle memcpyHtoDAsync;
    final MethodHandle memcpyDtoHAsync;
    final MethodHandle memcpyDtoDAsync;
    final MethodHandle memsetD8Async;
    final MethodHandle memsetD16Async;
    final MethodHandle memsetD32Async;
    final MethodHandle streamCreate;
    final MethodHandle streamDestroy;
    final MethodHandle streamSynchronize;
    final MethodHandle streamWaitEvent;
    final MethodHandle eventCreate;
    final MethodHandle eventDestroy;
    final MethodHandle eventRecord;
    final MethodHandle eventSynchronize;
    final MethodHandle eventElapsedTime;
    final MethodHandle moduleLoadData;
    final MethodHandle moduleUnload;
    final MethodHandle moduleGetFunction;
    final MethodHandle funcGetAttribute;
    final MethodHandle funcSetAttribute;
    final MethodHandle occupancy;
    final MethodHandle launchKernel;
    final MethodHandle streamBeginCapture;
    final MethodHandle streamEndCapture;
    final MethodHandle graphInstantiate;
    final MethodHandle graphGetNodes;
    final MethodHandle graphUpload;
    final MethodHandle graphLaunch;
    final MethodHandle graphExecDestroy;
    final MethodHandle graphDestroy;

    DriverFunctions(Functions library) {
        init = status(library, "cuInit", JAVA_INT);
        driverGetVersion = status(library, "cuDriverGetVersion", ADDRESS);
        getErrorName = status(library, "cuGetErrorName", JAVA_INT, ADDRESS);
        getErrorString = status(library, "cuGetErrorString", JAVA_INT, ADDRESS);
        deviceGetCount = status(library, "cuDeviceGetCount", ADDRESS);
        deviceGet = status(library, "cuDeviceGet", ADDRESS, JAVA_INT);
        deviceGetName = status(library, "cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
        deviceGetAttribute = status(library, "cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
        deviceTotalMem = status(library, "cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
        primaryCtxRetain = status(library, "cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
        primaryCtxRelease = status(library, "cuDevicePrimaryCtxRelease_v2", JAVA_INT);
        ctxSetCurrent = status(library, "cuCtxSetCurrent", ADDRESS);
        ctxSynchronize = status(library, "cuCtxSynchronize");
        memAlloc = status(library, "cuMemAlloc_v2", ADDRESS, JAVA_LONG);
        memFree = status(library, "cuMemFree_v2", JAVA_LONG);
        memGetInfo = status(library, "cuMemGetInfo_v2", ADDRESS, ADDRESS);
        memHostAlloc = status(library, "cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
        memFreeHost = status(library, "cuMemFreeHost", ADDRESS);
        memcpyHtoDAsync = status(library, "cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
        memcpyDtoHAsync = status(library, "cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
        memcpyDtoDAsync = status(library, "cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
        memsetD8Async = status(library, "cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, ADDRESS);
        memsetD16Async = status(library, "cuMemsetD16Async", JAVA_LONG, JAVA_SHORT, JAVA_LONG, ADDRESS);
        memsetD32Async = status(library, "cuMemsetD32Async", JAVA_LONG, JAVA_INT, JAVA_LONG, ADDRESS);
        streamCreate = status(library, "cuStreamCreate", ADDRESS, JAVA_INT);
        streamDestroy = status(library, "cuStreamDestroy_v2", ADDRESS);
        streamSynchronize = status(library, "cuStreamSynchronize", ADDRESS);
        streamWaitEvent = status(library, "cuStreamWaitEvent", ADDRESS, ADDRESS, JAVA_INT);
        eventCreate = status(library, "cuEventCreate", ADDRESS, JAVA_INT);
        eventDestroy = status(library, "cuEventDestroy_v2", ADDRESS);
        eventRecord = status(library, "cuEventRecord", ADDRESS, ADDRESS);
        eventSynchronize = status(library, "cuEventSynchronize", ADDRESS);
        eventElapsedTime = status(library, "cuEventElapsedTime", ADDRESS, ADDRESS, ADDRESS);
        moduleLoadData = status(library, "cuModuleLoadData", ADDRESS, ADDRESS);
        moduleUnload = status(library, "cuModuleUnload", ADDRESS);
        moduleGetFunction = status(library, "cuModuleGetFunction", ADDRESS, ADDRESS, ADDRESS);
        funcGetAttribute = status(library, "cuFuncGetAttribute", ADDRESS, JAVA_INT, ADDRESS);
        funcSetAttribute = status(library, "cuFuncSetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
        occupancy = status(library, "cuOccupancyMaxActiveBlocksPerMultiprocessor", ADDRESS, ADDRESS, JAVA_INT,
                JAVA_LONG);
        launchKernel = status(library, "cuLaunchKernel", ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
        streamBeginCapture = status(library, "cuStreamBeginCapture_v2", ADDRESS, JAVA_INT);
        streamEndCapture = status(library, "cuStreamEndCapture", ADDRESS, ADDRESS);
        graphInstantiate = status(library, "cuGraphInstantiateWithFlags", ADDRESS, ADDRESS, JAVA_LONG);
        graphGetNodes = status(library, "cuGraphGetNodes", ADDRESS, ADDRESS, ADDRESS);
        graphUpload = status(library, "cuGraphUpload", ADDRESS, ADDRESS);
        graphLaunch = status(library, "cuGraphLaunch", ADDRESS, ADDRESS);
        graphExecDestroy = status(library, "cuGraphExecDestroy", ADDRESS);
        graphDestroy = status(library, "cuGraphDestroy", ADDRESS);
    }

    private static MethodHandle status(Functions library, String name, MemoryLayout... parameters) {
        return library.function(name, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    /// Makes a call; what is not CUDA_SUCCESS becomes an exception.
    ///
    /// @param call the function and what matters of its arguments, for people
    void run(String call, Downcalls.Call code) {
        check(call, Downcalls.status(call, code));
    }

    /// @throws CudaException if `code` is not CUDA_SUCCESS
    void check(String call, int code) {
        if (code != 0) {
            throw new CudaException(call, errorText(code), code, DriverAdvice.of(code));
        }
    }

    /// "out of memory (CUDA_ERROR_OUT_OF_MEMORY)"
    private String errorText(int code) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(ADDRESS);
            int known = (int) getErrorString.invokeExact(code, text);
            String words = known == 0 ? Downcalls.text(text.get(ADDRESS, 0)) : "an error this driver does not know";
            int named = (int) getErrorName.invokeExact(code, text);
            return named == 0 ? words + ", " + Downcalls.text(text.get(ADDRESS, 0)) : words;
        } catch (Throwable e) {
            throw Downcalls.unexpected("cuGetErrorString", e);
        }
    }
}

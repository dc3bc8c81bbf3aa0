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
        init = library.status("cuInit", JAVA_INT);
        driverGetVersion = library.status("cuDriverGetVersion", ADDRESS);
        getErrorName = library.status("cuGetErrorName", JAVA_INT, ADDRESS);
        getErrorString = library.status("cuGetErrorString", JAVA_INT, ADDRESS);
        deviceGetCount = library.status("cuDeviceGetCount", ADDRESS);
        deviceGet = library.status("cuDeviceGet", ADDRESS, JAVA_INT);
        deviceGetName = library.status("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
        deviceGetAttribute = library.status("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
        deviceTotalMem = library.status("cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
        primaryCtxRetain = library.status("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
        primaryCtxRelease = library.status("cuDevicePrimaryCtxRelease_v2", JAVA_INT);
        ctxSetCurrent = library.status("cuCtxSetCurrent", ADDRESS);
        ctxSynchronize = library.status("cuCtxSynchronize");
        memAlloc = library.status("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
        memFree = library.status("cuMemFree_v2", JAVA_LONG);
        memGetInfo = library.status("cuMemGetInfo_v2", ADDRESS, ADDRESS);
        memHostAlloc = library.status("cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
        memFreeHost = library.status("cuMemFreeHost", ADDRESS);
        memcpyHtoDAsync = library.status("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
        memcpyDtoHAsync = library.status("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
        memcpyDtoDAsync = library.status("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
        memsetD8Async = library.status("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, ADDRESS);
        memsetD16Async = library.status("cuMemsetD16Async", JAVA_LONG, JAVA_SHORT, JAVA_LONG, ADDRESS);
        memsetD32Async = library.status("cuMemsetD32Async", JAVA_LONG, JAVA_INT, JAVA_LONG, ADDRESS);
        streamCreate = library.status("cuStreamCreate", ADDRESS, JAVA_INT);
        streamDestroy = library.status("cuStreamDestroy_v2", ADDRESS);
        streamSynchronize = library.status("cuStreamSynchronize", ADDRESS);
        streamWaitEvent = library.status("cuStreamWaitEvent", ADDRESS, ADDRESS, JAVA_INT);
        eventCreate = library.status("cuEventCreate", ADDRESS, JAVA_INT);
        eventDestroy = library.status("cuEventDestroy_v2", ADDRESS);
        eventRecord = library.status("cuEventRecord", ADDRESS, ADDRESS);
        eventSynchronize = library.status("cuEventSynchronize", ADDRESS);
        eventElapsedTime = library.status("cuEventElapsedTime", ADDRESS, ADDRESS, ADDRESS);
        moduleLoadData = library.status("cuModuleLoadData", ADDRESS, ADDRESS);
        moduleUnload = library.status("cuModuleUnload", ADDRESS);
        moduleGetFunction = library.status("cuModuleGetFunction", ADDRESS, ADDRESS, ADDRESS);
        funcGetAttribute = library.status("cuFuncGetAttribute", ADDRESS, JAVA_INT, ADDRESS);
        funcSetAttribute = library.status("cuFuncSetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
        occupancy = library.status("cuOccupancyMaxActiveBlocksPerMultiprocessor", ADDRESS, ADDRESS, JAVA_INT,
                JAVA_LONG);
        launchKernel = library.status("cuLaunchKernel", ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
        streamBeginCapture = library.status("cuStreamBeginCapture_v2", ADDRESS, JAVA_INT);
        streamEndCapture = library.status("cuStreamEndCapture", ADDRESS, ADDRESS);
        graphInstantiate = library.status("cuGraphInstantiateWithFlags", ADDRESS, ADDRESS, JAVA_LONG);
        graphGetNodes = library.status("cuGraphGetNodes", ADDRESS, ADDRESS, ADDRESS);
        graphUpload = library.status("cuGraphUpload", ADDRESS, ADDRESS);
        graphLaunch = library.status("cuGraphLaunch", ADDRESS, ADDRESS);
        graphExecDestroy = library.status("cuGraphExecDestroy", ADDRESS);
        graphDestroy = library.status("cuGraphDestroy", ADDRESS);
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

package dev.cathode.kernels.cuda.nvrtc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Downcalls;
import dev.cathode.kernels.cuda.library.Functions;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.stream.IntStream;

/// NVIDIA's runtime compiler. It needs no GPU.
public final class Nvrtc {
    /// A version of NVRTC, the same as that of its CUDA.
    public record Version(int major, int minor) {
        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    private final MethodHandle getErrorString;
    private final MethodHandle createProgram;
    private final MethodHandle destroyProgram;
    private final MethodHandle compileProgram;
    private final MethodHandle getCubinSize;
    private final MethodHandle getCubin;
    private final MethodHandle getLogSize;
    private final MethodHandle getLog;
    private final MethodHandle getNumSupportedArchs;
    private final MethodHandle getSupportedArchs;
    private final Version version;

    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the library is too old to have all functions
    public Nvrtc(Functions library) {
        getErrorString = library.function("nvrtcGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        createProgram = library.status("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
        destroyProgram = library.status("nvrtcDestroyProgram", ADDRESS);
        compileProgram = library.status("nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS);
        getCubinSize = library.status("nvrtcGetCUBINSize", ADDRESS, ADDRESS);
        getCubin = library.status("nvrtcGetCUBIN", ADDRESS, ADDRESS);
        getLogSize = library.status("nvrtcGetProgramLogSize", ADDRESS, ADDRESS);
        getLog = library.status("nvrtcGetProgramLog", ADDRESS, ADDRESS);
        getNumSupportedArchs = library.status("nvrtcGetNumSupportedArchs", ADDRESS);
        getSupportedArchs = library.status("nvrtcGetSupportedArchs", ADDRESS);
        MethodHandle getVersion = library.status("nvrtcVersion", ADDRESS, ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(JAVA_INT);
            MemorySegment minor = arena.allocate(JAVA_INT);
            run("nvrtcVersion", () -> (int) getVersion.invokeExact(major, minor));
            version = new Version(major.get(JAVA_INT, 0), minor.get(JAVA_INT, 0));
        }
    }

    /// Opens this machine's compiler and, by its path, the library of built-in functions that goes with it.
    ///
    /// @param majors versions of CUDA that the driver runs, best first
    /// @throws dev.cathode.kernels.cuda.library.LibraryException if there is none
    public static Nvrtc open(LibrarySearch search, List<Integer> majors) {
        return of(search.find(CudaLibrary.NVRTC, majors).orThrow());
    }

    /// The compiler in a library that was found.
    public static Nvrtc of(NativeLibrary library) {
        Nvrtc nvrtc = new Nvrtc(library);
        // NVRTC asks the loader for it by name alone; where that finds nothing, the first compilation says so
        library.openBeside("libnvrtc-builtins.so." + nvrtc.version);
        return nvrtc;
    }

    /// Which NVRTC this is.
    public Version version() {
        return version;
    }

    /// The chips it compiles for: "sm_75", "sm_80", ...
    public List<String> chips() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_INT);
            run("nvrtcGetNumSupportedArchs", () -> (int) getNumSupportedArchs.invokeExact(count));
            MemorySegment chips = arena.allocate(JAVA_INT, Math.max(1, count.get(JAVA_INT, 0)));
            run("nvrtcGetSupportedArchs", () -> (int) getSupportedArchs.invokeExact(chips));
            return IntStream.range(0, count.get(JAVA_INT, 0))
                    .mapToObj(i -> "sm_" + chips.getAtIndex(JAVA_INT, i)).toList();
        }
    }

    /// Compiles a source to machine code.
    ///
    /// @param name of the source, for messages
    /// @param options such as `--gpu-architecture=sm_90`, which must name a real chip (not `compute_90`)
    /// @throws CudaException if it does not compile; the message has the compiler's words
    public byte[] compile(String name, String source, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            MemorySegment sourceText = arena.allocateFrom(source);
            MemorySegment nameText = arena.allocateFrom(name);
            run("nvrtcCreateProgram(" + name + ")", () -> (int) createProgram.invokeExact(out, sourceText, nameText, 0,
                    MemorySegment.NULL, MemorySegment.NULL));
            MemorySegment program = out.get(ADDRESS, 0);
            try {
                return compile(name, program, options, arena);
            } finally {
                run("nvrtcDestroyProgram", () -> (int) destroyProgram.invokeExact(out));
            }
        }
    }

    private byte[] compile(String name, MemorySegment program, List<String> options, Arena arena) {
        MemorySegment list = arena.allocate(ADDRESS, Math.max(1, options.size()));
        for (int i = 0; i < options.size(); i++) {
            list.setAtIndex(ADDRESS, i, arena.allocateFrom(options.get(i)));
        }
        int count = options.size();
        String call = "nvrtcCompileProgram(" + name + ", " + String.join(" ", options) + ")";
        Downcalls.run(call, code -> errorText(code) + "\n" + log(program) + "\n",
                () -> (int) compileProgram.invokeExact(program, count, list));
        MemorySegment size = arena.allocate(JAVA_LONG);
        run("nvrtcGetCUBINSize(" + name + ")", () -> (int) getCubinSize.invokeExact(program, size));
        MemorySegment cubin = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
        run("nvrtcGetCUBIN(" + name + ")", () -> (int) getCubin.invokeExact(program, cubin));
        return cubin.asSlice(0, size.get(JAVA_LONG, 0)).toArray(JAVA_BYTE);
    }

    private String log(MemorySegment program) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(JAVA_LONG);
            run("nvrtcGetProgramLogSize", () -> (int) getLogSize.invokeExact(program, size));
            MemorySegment text = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
            run("nvrtcGetProgramLog", () -> (int) getLog.invokeExact(program, text));
            return text.getString(0).strip();
        }
    }

    private void run(String name, Downcalls.Call call) {
        Downcalls.run(name, this::errorText, call);
    }

    private String errorText(int code) throws Throwable {
        return Downcalls.text((MemorySegment) getErrorString.invokeExact(code));
    }
}

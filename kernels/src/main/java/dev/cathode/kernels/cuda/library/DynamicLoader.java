package dev.cathode.kernels.cuda.library;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/// The system's loader of shared libraries, called directly: Java's own way to open one keeps the reason of a failure
/// to itself ("cannot open"), and the reason is what people need ("libstdc++.so.6: version not found").
///
/// Nothing is ever closed: NVIDIA's libraries keep threads and state for the life of the process.
final class DynamicLoader implements LibrarySearch.Loader {
    private static final int RTLD_LAZY = 1;

    private final MethodHandle dlopen;
    private final MethodHandle dlsym;
    private final MethodHandle dlerror;
    private final MethodHandle dladdr;

    private DynamicLoader(MethodHandle dlopen, MethodHandle dlsym, MethodHandle dlerror, MethodHandle dladdr) {
        this.dlopen = dlopen;
        this.dlsym = dlsym;
        this.dlerror = dlerror;
        this.dladdr = dladdr;
    }

    /// The loader of this system; empty where it is not one that NVIDIA's libraries for Linux know.
    static Optional<DynamicLoader> ofSystem() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.empty();
        }
        return Optional.of(new DynamicLoader(libc("dlopen", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT)),
                libc("dlsym", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS)),
                libc("dlerror", FunctionDescriptor.of(ADDRESS)),
                libc("dladdr", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS))))
                .filter(loader -> loader.dlopen != null && loader.dlsym != null && loader.dlerror != null
                        && loader.dladdr != null);
    }

    @SuppressWarnings("restricted")
    private static MethodHandle libc(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(f -> linker.downcallHandle(f, type)).orElse(null);
    }

    @Override
    public LibrarySearch.Opening open(String nameOrPath) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(nameOrPath);
            MemorySegment handle = (MemorySegment) dlopen.invokeExact(name, RTLD_LAZY);
            return handle.address() != 0 ? new LibrarySearch.Opened(handle) : new LibrarySearch.Refused(error());
        } catch (Throwable e) {
            throw Downcalls.unexpected("dlopen", e);
        }
    }

    /// The address of a function in an open library; empty if it has none of that name.
    @Override
    public Optional<MemorySegment> symbol(MemorySegment library, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = (MemorySegment) dlsym.invokeExact(library, arena.allocateFrom(name));
            return address.address() == 0 ? Optional.empty() : Optional.of(address);
        } catch (Throwable e) {
            throw Downcalls.unexpected("dlsym", e);
        }
    }

    /// The file that holds an address.
    @Override
    public Optional<Path> file(MemorySegment address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(MemoryLayout.sequenceLayout(4, ADDRESS)); // Dl_info: name, base, ...
            int found = (int) dladdr.invokeExact(address, info);
            return found == 0 ? Optional.empty() : Optional.of(Path.of(Downcalls.text(info.get(ADDRESS, 0))));
        } catch (Throwable e) {
            throw Downcalls.unexpected("dladdr", e);
        }
    }

    private String error() throws Throwable {
        MemorySegment text = (MemorySegment) dlerror.invokeExact();
        return text.address() == 0 ? "the system gives no reason" : Downcalls.text(text);
    }
}

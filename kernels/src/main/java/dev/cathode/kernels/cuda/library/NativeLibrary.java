package dev.cathode.kernels.cuda.library;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// An open library.
public final class NativeLibrary implements Finding, Functions {
    private final CudaLibrary library;
    private final String name;
    private final String opened;
    private final int major;
    private final MemorySegment handle;
    private final LibrarySearch.Loader loader;
    private volatile Path file;

    NativeLibrary(CudaLibrary library, String name, String opened, int major, MemorySegment handle,
                  LibrarySearch.Loader loader) {
        this.library = library;
        this.name = name;
        this.opened = opened;
        this.major = major;
        this.handle = handle;
        this.loader = loader;
    }

    /// Which library it is.
    public CudaLibrary library() {
        return library;
    }

    /// Its file name with version: "libnvrtc.so.13".
    public String name() {
        return name;
    }

    /// The major version of CUDA it was opened for; 0 if its name does not say.
    public int major() {
        return major;
    }

    /// Its file, or the name it was opened by while no function of it has been looked up yet.
    public Path file() {
        return file != null ? file : Path.of(opened);
    }

    @Override
    @SuppressWarnings("restricted")
    public MethodHandle function(String name, FunctionDescriptor type) {
        MemorySegment address = loader.symbol(handle, name).orElseThrow(() -> new LibraryException(library.title()
                + ": " + file() + " has no function " + name + ", so it is too old; " + library.remedy()));
        if (file == null) {
            file = loader.file(address).filter(Path::isAbsolute).orElse(Path.of(opened));
        }
        return Linker.nativeLinker().downcallHandle(address, type);
    }

    /// Opens another library of the same folder, so that this one finds it: the system's loader knows an open library
    /// by its name.
    ///
    /// @return whether it opened
    public boolean openBeside(String name) {
        Path folder = file().getParent();
        return folder != null && loader.open(folder.resolve(name).toString()) instanceof LibrarySearch.Opened;
    }

    @Override
    public String toString() {
        return name + " (" + file() + ")";
    }
}

package dev.cathode.kernels.cuda.library;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Looks for NVIDIA's libraries: in `CATHODE_CUDA_PATH`, on the loader's own path, in the usual folders of systems, in
/// `CUDA_HOME`, and in the folders that Python wheels use (`nvidia/*/lib` under `VIRTUAL_ENV` and `CONDA_PREFIX`).
///
/// What `CATHODE_CUDA_PATH` holds wins whatever its version; after it, CUDA 13 is looked for everywhere before CUDA 12
/// is.
public final class LibrarySearch {
    /// Opens shared libraries.
    interface Loader {
        /// Opens a library by a name on the loader's own path, or by its file.
        Opening open(String nameOrPath);

        /// The address of a function in an open library.
        Optional<MemorySegment> symbol(MemorySegment library, String name);

        /// The file that holds an address.
        Optional<Path> file(MemorySegment address);
    }

    /// What opening a library ends with.
    sealed interface Opening { }

    /// An open library's handle.
    record Opened(MemorySegment handle) implements Opening { }

    /// The system's reason for not opening one.
    record Refused(String reason) implements Opening { }

    /// Somewhere to look: one or more folders.
    ///
    /// @param title for people
    private record Place(String title, List<Path> folders) { }

    private static final String LOADER = "the loader's path";

    private final Map<String, String> environment;
    private final Path root;
    private final Optional<? extends Loader> loader;

    /// @param root what system folders are relative to: `/`
    /// @param loader empty on a system without these libraries
    LibrarySearch(Map<String, String> environment, Path root, Optional<? extends Loader> loader) {
        this.environment = environment;
        this.root = root;
        this.loader = loader;
    }

    /// The search on this machine with this process's environment.
    public static LibrarySearch ofSystem() {
        return of(System.getenv());
    }

    /// The search on this machine with other environment variables.
    public static LibrarySearch of(Map<String, String> environment) {
        return new LibrarySearch(Map.copyOf(environment), Path.of(File.separator), DynamicLoader.ofSystem());
    }

    /// Looks for a library of any CUDA that the bindings know.
    public Finding find(CudaLibrary library) {
        return find(library, CudaLibrary.MAJORS);
    }

    /// Looks for a library and opens it.
    ///
    /// @param majors versions of CUDA that would do, best first
    public Finding find(CudaLibrary library, List<Integer> majors) {
        List<String> names = majors.stream().flatMap(major -> library.names(major).stream()).distinct().toList();
        if (loader.isEmpty()) {
            return new Finding.Missing(library, names, List.of(), List.of("the CUDA device needs Linux, this is "
                    + System.getProperty("os.name")));
        }
        List<String> refused = new ArrayList<>();
        Place own = own();
        List<Place> rest = places();
        for (int major : majors) {
            for (String name : library.names(major)) {
                Finding found = inFolders(library, name, major, own, refused);
                if (found != null) {
                    return found;
                }
            }
        }
        for (int major : library.followsCuda() ? majors : majors.subList(0, 1)) {
            for (String name : library.names(major)) {
                Finding found = byName(library, name, major, refused);
                for (int i = 0; found == null && i < rest.size(); i++) {
                    found = inFolders(library, name, major, rest.get(i), refused);
                }
                if (found != null) {
                    return found;
                }
            }
        }
        List<String> titles = new ArrayList<>();
        titles.add(own.title);
        titles.add(LOADER);
        rest.forEach(place -> titles.add(place.title));
        return new Finding.Missing(library, names, titles, refused.stream().distinct().toList());
    }

    private Finding byName(CudaLibrary library, String name, int major, List<String> refused) {
        return switch (loader.orElseThrow().open(name)) {
            case Opened opened -> found(library, name, name, major, opened);
            case Refused(String reason) -> {
                // "libx.so.1: cannot open shared object file" says no more than that there is none
                if (!reason.startsWith(name + ": cannot open")) {
                    refused.add(name + " does not open: " + reason);
                }
                yield null;
            }
        };
    }

    private Finding inFolders(CudaLibrary library, String name, int major, Place place, List<String> refused) {
        for (Path folder : place.folders) {
            Path file = folder.resolve(name);
            if (!Files.exists(file)) {
                continue;
            }
            switch (loader.orElseThrow().open(file.toString())) {
                case Opened opened -> {
                    return found(library, name, file.toString(), major, opened);
                }
                case Refused(String reason) -> refused.add(reason.contains(file.toString())
                        ? "does not open: " + reason : file + " does not open: " + reason);
            }
        }
        return null;
    }

    private NativeLibrary found(CudaLibrary library, String name, String opened, int major, Opened handle) {
        return new NativeLibrary(library, name, opened, library.followsCuda() ? major : 0, handle.handle,
                loader.orElseThrow());
    }

    /// The folders of CATHODE_CUDA_PATH, each with the ways a toolkit or wheels lay out their libraries.
    private Place own() {
        String value = environment.getOrDefault("CATHODE_CUDA_PATH", "");
        List<Path> folders = new ArrayList<>();
        for (String part : value.split(File.pathSeparator)) {
            path(part).ifPresent(folder -> {
                folders.add(folder);
                folders.addAll(toolkit(folder));
                folders.addAll(wheels(folder));
            });
        }
        return new Place(value.isEmpty() ? "CATHODE_CUDA_PATH (not set)" : "CATHODE_CUDA_PATH (" + value + ")",
                folders);
    }

    /// Everything behind the loader's own path, in order.
    private List<Place> places() {
        List<Place> places = new ArrayList<>();
        String machine = System.getProperty("os.arch").equals("aarch64") ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        List<Path> system = new ArrayList<>();
        for (String folder : List.of("usr/lib/" + machine, "usr/lib64", "usr/lib", "usr/lib/wsl/lib",
                "usr/local/nvidia/lib64", "usr/local/lib")) {
            system.add(root.resolve(folder));
        }
        for (String folder : List.of("usr/local/cuda", "usr/local/cuda-13", "usr/local/cuda-12", "opt/cuda")) {
            system.addAll(toolkit(root.resolve(folder)));
        }
        for (Path folder : sorted(root.resolve("usr/local"), "cuda-1[23].*")) {
            system.addAll(toolkit(folder));
        }
        places.add(new Place("the folders of the system", system));
        variable("CUDA_HOME", places, LibrarySearch::toolkit);
        variable("VIRTUAL_ENV", places, LibrarySearch::python);
        variable("CONDA_PREFIX", places, folder -> {
            List<Path> folders = toolkit(folder);
            folders.addAll(python(folder));
            return folders;
        });
        return places;
    }

    private void variable(String name, List<Place> places, Function<Path, List<Path>> layout) {
        path(environment.getOrDefault(name, "")).ifPresent(folder ->
                places.add(new Place(name + " (" + folder + ")", layout.apply(folder))));
    }

    private static Optional<Path> path(String text) {
        try {
            return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text.strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /// Where a toolkit keeps its libraries.
    private static List<Path> toolkit(Path home) {
        List<Path> folders = new ArrayList<>(List.of(home.resolve("lib64"), home.resolve("lib")));
        for (Path target : sorted(home.resolve("targets"), "*-linux")) {
            folders.add(target.resolve("lib"));
        }
        return folders;
    }

    /// Where the wheels of a Python environment keep theirs.
    private static List<Path> python(Path environment) {
        List<Path> folders = new ArrayList<>();
        for (Path version : sorted(environment.resolve("lib"), "python3*")) {
            folders.addAll(wheels(version.resolve("site-packages")));
        }
        return folders;
    }

    /// Where the wheels in a folder of packages keep theirs.
    private static List<Path> wheels(Path packages) {
        return sorted(packages.resolve("nvidia"), "*").stream().map(part -> part.resolve("lib")).toList();
    }

    /// The entries of a folder by name, so that a search does not depend on the order of the file system.
    private static List<Path> sorted(Path folder, String glob) {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
            stream.forEach(entries::add);
        } catch (IOException e) {
            return List.of(); // no such folder, or none of ours to read: nothing to find in it
        }
        entries.sort(null);
        return entries;
    }
}

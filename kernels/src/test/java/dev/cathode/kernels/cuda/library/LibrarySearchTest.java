package dev.cathode.kernels.cuda.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrarySearchTest {
    /// Opens what exists, and what is said to be on the loader's path; remembers what it was asked.
    private static final class Shelf implements LibrarySearch.Loader {
        private final Set<String> onPath = new HashSet<>();
        private final Map<Path, String> broken = new HashMap<>();
        private final List<String> asked = new ArrayList<>();

        @Override
        public LibrarySearch.Opening open(String nameOrPath) {
            asked.add(nameOrPath);
            if (broken.containsKey(Path.of(nameOrPath))) {
                return new LibrarySearch.Refused(broken.get(Path.of(nameOrPath)));
            }
            boolean there = nameOrPath.contains("/") ? Files.exists(Path.of(nameOrPath)) : onPath.contains(nameOrPath);
            return there ? new LibrarySearch.Opened(MemorySegment.ofAddress(asked.size()))
                    : new LibrarySearch.Refused(nameOrPath + ": cannot open shared object file: No such file or directory");
        }

        @Override
        public Optional<MemorySegment> symbol(MemorySegment library, String name) {
            return Optional.empty();
        }

        @Override
        public Optional<Path> file(MemorySegment address) {
            return Optional.empty();
        }
    }

    @TempDir
    private Path root;

    private final Shelf shelf = new Shelf();

    private Path touch(String file) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.exists(path) ? path : Files.createFile(path);
    }

    private NativeLibrary find(CudaLibrary library, Map<String, String> environment) {
        return assertInstanceOf(NativeLibrary.class,
                new LibrarySearch(environment, root, Optional.of(shelf)).find(library));
    }

    @Test
    void placesInTheirOrder() throws IOException {
        Map<String, String> environment = Map.of("CATHODE_CUDA_PATH", root + "/none" + File.pathSeparator + root + "/own",
                "CUDA_HOME", root + "/home", "VIRTUAL_ENV", root + "/venv", "CONDA_PREFIX", root + "/conda");
        String library = "libnvrtc.so.13";
        List<Path> places = List.of(touch("own/" + library), touch("own/lib64/" + library),
                touch("own/nvidia/cu13/lib/" + library), touch("usr/lib64/" + library),
                touch("usr/local/cuda/lib64/" + library), touch("usr/local/cuda-13.1/targets/x86_64-linux/lib/" + library),
                touch("home/lib64/" + library), touch("venv/lib/python3.11/site-packages/nvidia/cu13/lib/" + library),
                touch("conda/lib/" + library), touch("conda/lib/python3.12/site-packages/nvidia/cu13/lib/" + library));
        for (Path place : places) {
            assertEquals(place, find(CudaLibrary.NVRTC, environment).file());
            Files.delete(place);
        }
        Finding nothing = new LibrarySearch(environment, root, Optional.of(shelf)).find(CudaLibrary.NVRTC);
        String sentence = assertInstanceOf(Finding.Missing.class, nothing).sentence();
        for (String word : List.of("NVRTC", "libnvrtc.so.13 or libnvrtc.so.12", "the loader's path",
                "CATHODE_CUDA_PATH (" + root + "/none", "CUDA_HOME (" + root + "/home)", "VIRTUAL_ENV (" + root,
                "CONDA_PREFIX (" + root, "pip install nvidia-cuda-nvrtc", "name its folder in CATHODE_CUDA_PATH")) {
            assertTrue(sentence.contains(word), sentence);
        }
        LibraryException thrown = assertThrows(LibraryException.class, nothing::orThrow);
        assertEquals(sentence, thrown.getMessage());
    }

    @Test
    void theLoadersPathComesBeforeFoldersAndAfterOnesOwn() throws IOException {
        shelf.onPath.add("libcudnn.so.9");
        Path own = touch("own/libcudnn.so.9");
        touch("usr/lib64/libcudnn.so.9");
        assertEquals(own, find(CudaLibrary.CUDNN, Map.of("CATHODE_CUDA_PATH", root + "/own")).file());
        assertEquals(Path.of("libcudnn.so.9"), find(CudaLibrary.CUDNN, Map.of()).file());
    }

    @Test
    void thirteenBeforeTwelveButOnesOwnBeforeBoth() throws IOException {
        shelf.onPath.add("libcublasLt.so.12");
        touch("venv/lib/python3.11/site-packages/nvidia/cu13/lib/libcublasLt.so.13");
        NativeLibrary wheel = find(CudaLibrary.CUBLAS_LT, Map.of("VIRTUAL_ENV", root + "/venv"));
        assertEquals(13, wheel.major());
        assertEquals("libcublasLt.so.13", wheel.name());
        assertEquals(12, find(CudaLibrary.CUBLAS_LT, Map.of()).major());
        touch("own/libcublasLt.so.12");
        assertEquals(12, find(CudaLibrary.CUBLAS_LT, Map.of("VIRTUAL_ENV", root + "/venv", "CATHODE_CUDA_PATH",
                root + "/own")).major());
        assertInstanceOf(Finding.Missing.class, new LibrarySearch(Map.of("VIRTUAL_ENV", root + "/venv"), root,
                Optional.of(new Shelf())).find(CudaLibrary.CUBLAS_LT, List.of(12)));
    }

    @Test
    void aFileThatDoesNotOpenIsNamedWithTheReason() throws IOException {
        Path bad = touch("usr/lib64/libnccl.so.2");
        shelf.broken.put(bad, bad + ": wrong ELF class: ELFCLASS32");
        Finding finding = new LibrarySearch(Map.of(), root, Optional.of(shelf)).find(CudaLibrary.NCCL);
        Finding.Missing missing = assertInstanceOf(Finding.Missing.class, finding);
        assertEquals(1, missing.refused().size());
        assertTrue(missing.sentence().contains(bad + ": wrong ELF class"), missing.sentence());
        Path good = touch("home/lib64/libnccl.so.2");
        assertEquals(good, find(CudaLibrary.NCCL, Map.of("CUDA_HOME", root + "/home")).file());
    }

    @Test
    void emptyAndImpossiblePathsAreNoFolders() {
        Map<String, String> environment = Map.of("CATHODE_CUDA_PATH", "", "CUDA_HOME", " ", "VIRTUAL_ENV", "a\0b");
        assertInstanceOf(Finding.Missing.class,
                new LibrarySearch(environment, root, Optional.of(shelf)).find(CudaLibrary.CUDNN));
        assertTrue(shelf.asked.stream().allMatch(name -> name.equals("libcudnn.so.9")), shelf.asked.toString());
    }

    @Test
    void otherSystemsAreToldSo() {
        Finding finding = new LibrarySearch(Map.of(), root, Optional.empty()).find(CudaLibrary.DRIVER);
        String sentence = assertInstanceOf(Finding.Missing.class, finding).sentence();
        assertTrue(sentence.contains("needs Linux"), sentence);
        assertFalse(sentence.contains("install"), sentence);
    }
}

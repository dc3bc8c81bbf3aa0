package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.cli.DeviceOptions.Choice;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

class DeviceOptionsTest {
    private static final String MODEL = Goldens.root().resolve("pipeline").resolve("model").toString();

    @TempDir
    Path folder;

    @Test
    void names() {
        var converter = new DeviceOptions.Converter();
        assertEquals(new Choice.Cpu(), converter.convert("cpu"));
        assertEquals(new Choice.Cuda(0), converter.convert("cuda"));
        assertEquals(new Choice.Cuda(3), converter.convert("cuda:3"));
        assertEquals(new Choice.Auto(), converter.convert("auto"));
        for (String other : List.of("gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "")) {
            assertThrows(TypeConversionException.class, () -> converter.convert(other), other);
        }
    }

    @Test
    void theProcessorUnlessSomethingElseIsAsked() {
        List<String> notes = new ArrayList<>();
        assertTrue(CommandLine.populateCommand(new DeviceOptions()).gpu(DType.BF16, false, notes::add).isEmpty());
        assertEquals(List.of(), notes);
    }

    /// Sampling is refused, or goes on without, with one line that says why.
    @Test
    void withoutAGpu() {
        Optional<String> obstacle = Gpu.obstacle(0, LibrarySearch.ofSystem());
        Assumptions.assumeTrue(obstacle.isPresent(), "this machine has a GPU");
        Outcome refused = sample("cuda");
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains(obstacle.get()), refused.err());
        assertFalse(Files.exists(folder.resolve("x.png")));
        Outcome done = sample("auto");
        assertEquals(0, done.code(), done.err());
        assertTrue(done.err().contains("cathode: computing on the processor: " + obstacle.get()), done.err());
        assertTrue(Files.exists(folder.resolve("x.png")));
    }

    private Outcome sample(String device) {
        return Outcome.of("sample", "cat", "--model", MODEL, "--steps", "1", "--size", "64x64", "--device", device, "--out",
                folder.resolve("x.png").toString());
    }
}

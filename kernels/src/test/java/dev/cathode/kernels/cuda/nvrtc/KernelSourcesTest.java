package dev.cathode.kernels.cuda.nvrtc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.KernelSource;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Libraries;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// All `.cu` files become machine code for the chip that the project is measured on, where NVRTC is found.
class KernelSourcesTest {
    private static final Pattern ENTRY = Pattern.compile("(?m)^KERNEL\\(.+?\\) (\\w+)\\(");

    static Stream<KernelSource> sources() {
        Stream<KernelSource> plain = Stream.of("cast.cu", "embedding.cu", "layernorm.cu", "layout.cu", "noise.cu",
                "optimizer.cu", "reduce.cu", "resample.cu", "sampling.cu", "softmax.cu").map(KernelSource::of);
        Stream<KernelSource> activated = Stream.of(KernelSource.of("elementwise.cu").using("activations.cuh"),
                KernelSource.of("groupnorm.cu").using("activations.cuh").with("ACTIVATION", Activation.SILU.ordinal()));
        KernelSource attention = KernelSource.of("attention.cu").using("mma.cuh");
        KernelSource gradient = KernelSource.of("attention_gradient.cu").using("mma.cuh");
        Stream<KernelSource> heads = IntStream.of(40, 80, 160).boxed().flatMap(head -> Stream.of(
                attention.with("HEAD", head).with("COLUMNS", head).with("KEYS", head > 96 ? 32 : 64),
                gradient.with("HEAD", head).with("TILE", head > 96 ? 16 : 32)));
        KernelSource large = attention.with("HEAD", 512).with("COLUMNS", 128).with("KEYS", 32);
        return Stream.of(plain, activated, heads, Stream.of(large)).flatMap(s -> s).map(s -> s.with(Element.BFLOAT16));
    }

    @ParameterizedTest
    @MethodSource("sources")
    void compiles(KernelSource source, @TempDir Path folder) {
        var compiler = new KernelCompiler(Nvrtc.of(Libraries.assume(CudaLibrary.NVRTC)), new DiskCache(folder));
        String cubin = new String(compiler.compile(source, "sm_90"), StandardCharsets.ISO_8859_1);
        Matcher entries = ENTRY.matcher(source.text());
        while (entries.find()) {
            assertTrue(cubin.contains(entries.group(1)), entries.group(1) + " of " + source.name());
        }
    }

    @Test
    void noFileIsForgotten() throws IOException, URISyntaxException {
        Set<String> compiled = sources().flatMap(source -> source.files().stream()).collect(Collectors.toSet());
        Path folder = Path.of(KernelSource.class.getResource("common.cuh").toURI()).getParent();
        try (Stream<Path> files = Files.list(folder)) {
            List<String> forgotten = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".cu") && !compiled.contains(name)).toList();
            assertTrue(forgotten.isEmpty(), forgotten + " are not compiled here");
        }
    }
}

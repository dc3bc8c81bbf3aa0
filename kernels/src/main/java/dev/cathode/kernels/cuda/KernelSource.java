package dev.cathode.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// One compilation unit of CUDA C++: definitions, then files one after the other. The text includes nothing, so it is
/// all that a compiler, or the key of a cache of compiled kernels, needs.
///
/// @param files names of resources of this package, such as `elementwise.cu`, in the order of the text
/// @param defines names and values that become `#define` lines before the files
public record KernelSource(List<String> files, Map<String, String> defines) {
    /// The file every kernel needs: number types, 16-byte accesses, reductions.
    public static final String COMMON = "common.cuh";

    /// Copies both.
    public KernelSource {
        files = List.copyOf(files);
        defines = Map.copyOf(defines);
    }

    /// [#COMMON] and one more file, without definitions.
    public static KernelSource of(String file) {
        return new KernelSource(List.of(COMMON, file), Map.of());
    }

    /// This with one more file before the last one.
    public KernelSource using(String file) {
        var all = new ArrayList<>(files);
        all.add(all.size() - 1, file);
        return new KernelSource(all, defines);
    }

    /// This with one more definition.
    public KernelSource with(String name, Object value) {
        var all = new TreeMap<>(defines);
        all.put(name, value.toString());
        return new KernelSource(files, all);
    }

    /// This for numbers of a type: `T` is the type, as the files call it.
    public KernelSource with(Element element) {
        return with("T", element.type());
    }

    /// The unit's name in messages: its last file and its definitions, `groupnorm.cu T=bf16`.
    public String name() {
        var name = new StringBuilder(files.getLast());
        new TreeMap<>(defines).forEach((k, v) -> name.append(' ').append(k).append('=').append(v));
        return name.toString();
    }

    /// The whole text. The same source has the same text every time; `#line` says where lines come from.
    ///
    /// @throws IllegalArgumentException if there is no such file
    public String text() {
        var text = new StringBuilder();
        new TreeMap<>(defines).forEach((k, v) -> text.append("#define ").append(k).append(' ').append(v).append('\n'));
        for (String file : files) {
            text.append("#line 1 \"").append(file).append("\"\n").append(read(file));
        }
        return text.toString();
    }

    private static String read(String file) {
        try (InputStream in = KernelSource.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no kernel source " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("kernel source " + file, e);
        }
    }
}

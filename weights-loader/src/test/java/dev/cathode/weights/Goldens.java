package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteOrder;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// Where golden tests of all modules find their numbers: the test resources of this module, or the folder named by the
/// system property `cathode.goldens`.
///
/// ```
/// Goldens.Topic unet = Goldens.topic("unet/sd1");
/// for (String file : unet.files()) {
///     float[] sample = unet.floats(file, "sample");
///     ...
///     for (Goldens.Tensor out : unet.outputs(file)) {
///         unet.assertMatches(file, out.name(), results.get(out.name()));
///     }
/// }
/// ```
public final class Goldens {
    private static final String PROPERTY = "cathode.goldens";

    private Goldens() {
    }

    /// The folder of all topics.
    public static Path root() {
        return Root.PATH;
    }

    /// One topic: a folder with a `golden.json`.
    public static Topic topic(String name) {
        Path folder = root().resolve(name);
        return new Topic(name, folder, Json.read(folder.resolve("golden.json")), new ConcurrentHashMap<>());
    }

    /// One tensor as `golden.json` describes it.
    ///
    /// @param role `in` is given, `out` is to be reproduced
    /// @param shape as stored
    /// @param tol limit for the largest difference; 0: exact; NaN where none is stated (inputs)
    public record Tensor(String name, String role, DType dtype, int[] shape, double tol) {
        /// Whether this is to be reproduced.
        public boolean isOutput() {
            return role.equals("out");
        }
    }

    /// A folder of golden files.
    ///
    /// @param name its path below the root
    /// @param folder where it is
    /// @param json its `golden.json`
    /// @param open files read so far
    public record Topic(String name, Path folder, JsonNode json, Map<String, Checkpoint> open) {
        /// Names of the safetensors files that `golden.json` lists; none where it holds numbers only.
        public List<String> files() {
            return json.path("files").propertyStream().filter(e -> e.getKey().endsWith(".safetensors")
                    && e.getValue().has("tensors")).map(Map.Entry::getKey).toList();
        }

        /// A file's tensors, in the order of `golden.json`.
        public List<Tensor> tensors(String file) {
            return listed(file).propertyStream().map(e -> tensor(file, e.getKey())).toList();
        }

        /// Those to be reproduced.
        public List<Tensor> outputs(String file) {
            return tensors(file).stream().filter(Tensor::isOutput).toList();
        }

        /// One tensor.
        public Tensor tensor(String file, String tensor) {
            JsonNode entry = listed(file).path(tensor);
            FileTensor stored = file(file).tensor(tensor);
            int[] shape = stored.shape().stream().mapToInt(Math::toIntExact).toArray();
            // Entries of gradients have no role: they are results.
            return new Tensor(tensor, entry.path("role").asString("out"), stored.dtype(), shape,
                    entry.path("tol").asDouble(Double.NaN));
        }

        /// Whether a file holds a tensor.
        public boolean has(String file, String tensor) {
            return file(file).names().contains(tensor);
        }

        /// A tensor's numbers as floats, whatever their type.
        public float[] floats(String file, String tensor) {
            return Goldens.floats(file(file).tensor(tensor));
        }

        /// A tensor's whole numbers.
        public long[] longs(String file, String tensor) {
            return Goldens.longs(file(file).tensor(tensor));
        }

        /// A tensor's shape.
        public int[] shape(String file, String tensor) {
            return tensor(file, tensor).shape;
        }

        /// The limit for the largest difference; fails where none is stated.
        public double tol(String file, String tensor) {
            double tol = tensor(file, tensor).tol;
            return Double.isNaN(tol) ? fail(name + "/" + file + ": no tolerance is stated for " + tensor) : tol;
        }

        /// Asserts that numbers equal a stored tensor within its tolerance.
        public void assertMatches(String file, String tensor, float[] actual) {
            assertMatches(file, tensor, actual, 1);
        }

        /// The same with a multiple of its tolerance (10 for Winograd convolutions).
        public void assertMatches(String file, String tensor, float[] actual, double factor) {
            assertClose(name + "/" + file + ": " + tensor, actual, floats(file, tensor), factor * tol(file, tensor));
        }

        /// The safetensors file itself; stays open.
        public Checkpoint file(String file) {
            return open.computeIfAbsent(file, f -> Checkpoints.open(path(f)));
        }

        /// Another JSON file of the folder.
        public JsonNode json(String file) {
            return Json.read(path(file));
        }

        /// A file of the folder.
        public Path path(String file) {
            return folder.resolve(file);
        }

        /// What the name-hash weights are salted with.
        public String salt() {
            return json.path("salt").asString("");
        }

        /// The gain of the name-hash weights.
        public double gain() {
            return json.path("gain").asDouble(1);
        }

        private JsonNode listed(String file) {
            JsonNode tensors = json.path("files").path(file).path("tensors");
            return tensors.isObject() ? tensors : fail(name + "/golden.json lists no tensors of " + file);
        }
    }

    /// The numbers of a tensor as floats.
    public static float[] floats(FileTensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.count())];
        MemorySegment data = tensor.data();
        if (tensor.dtype() == DType.F32) {
            MemorySegment.copy(data, little(ValueLayout.JAVA_FLOAT_UNALIGNED), 0, values, 0, values.length);
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F64 -> (float) data.getAtIndex(little(ValueLayout.JAVA_DOUBLE_UNALIGNED), i);
                case F16 -> Float.float16ToFloat(data.getAtIndex(little(ValueLayout.JAVA_SHORT_UNALIGNED), i));
                case BF16 -> Float.intBitsToFloat(data.getAtIndex(little(ValueLayout.JAVA_SHORT_UNALIGNED), i) << 16);
                case F32, I64, I32, I16, I8, U8, BOOL -> (float) whole(tensor, i);
            };
        }
        return values;
    }

    /// The whole numbers of a tensor.
    public static long[] longs(FileTensor tensor) {
        long[] values = new long[Math.toIntExact(tensor.count())];
        for (int i = 0; i < values.length; i++) {
            values[i] = whole(tensor, i);
        }
        return values;
    }

    /// Every stride-th number, as the files under `full` store long tensors: at most `limit` of them, stride
    /// max(1, length / limit).
    public static float[] subset(float[] whole, int limit) {
        int stride = Math.max(1, whole.length / limit);
        float[] part = new float[Math.min(limit, whole.length)];
        for (int k = 0; k < part.length; k++) {
            part[k] = whole[k * stride];
        }
        return part;
    }

    /// Asserts max |actual - expected| <= tol; NaN on either side fails.
    public static void assertClose(String label, float[] actual, float[] expected, double tol) {
        assertEquals(expected.length, actual.length, label + ": number of elements");
        int worst = -1;
        double error = 0;
        for (int i = 0; i < actual.length; i++) {
            double difference = actual[i] == expected[i] ? 0 : Math.abs((double) actual[i] - expected[i]);
            if (Double.isNaN(difference)) {
                fail(label + ": NaN at " + i + ": " + actual[i] + " instead of " + expected[i]);
            }
            if (worst < 0 || difference > error) {
                worst = i;
                error = difference;
            }
        }
        if (!(error <= tol)) {
            fail(label + ": largest error " + error + " at " + worst + " of " + actual.length + ": " + actual[worst]
                    + " instead of " + expected[worst] + ", tolerance " + tol);
        }
    }

    private static long whole(FileTensor tensor, int i) {
        MemorySegment data = tensor.data();
        return switch (tensor.dtype()) {
            case I64 -> data.getAtIndex(little(ValueLayout.JAVA_LONG_UNALIGNED), i);
            case I32 -> data.getAtIndex(little(ValueLayout.JAVA_INT_UNALIGNED), i);
            case I16 -> data.getAtIndex(little(ValueLayout.JAVA_SHORT_UNALIGNED), i);
            case I8 -> data.get(ValueLayout.JAVA_BYTE, i);
            case U8, BOOL -> data.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
            case F64, F32, F16, BF16 -> fail(tensor.name() + " is " + tensor.dtype() + ", not whole numbers");
        };
    }

    private static ValueLayout.OfLong little(ValueLayout.OfLong layout) {
        return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfInt little(ValueLayout.OfInt layout) {
        return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfShort little(ValueLayout.OfShort layout) {
        return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfFloat little(ValueLayout.OfFloat layout) {
        return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static ValueLayout.OfDouble little(ValueLayout.OfDouble layout) {
        return layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    private static final class Root {
        static final Path PATH = find();

        private static Path find() {
            String folder = System.getProperty(PROPERTY, "");
            if (!folder.isEmpty()) {
                return Path.of(folder);
            }
            URL readme = Goldens.class.getResource("/goldens/README.md");
            if (readme == null) {
                throw new IllegalStateException("no golden files: neither /goldens on the class path nor -D"
                        + PROPERTY);
            }
            try {
                URI uri = readme.toURI();
                return uri.getScheme().equals("jar") ? extract(uri) : Path.of(uri).getParent();
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /// Files can be mapped from a folder only: copies them out of the test jar, once per virtual machine.
        private static Path extract(URI readme) throws IOException {
            Path folder = Files.createTempDirectory("cathode-goldens");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            try (FileSystem jar = FileSystems.newFileSystem(readme, Map.of());
                    Stream<Path> files = Files.walk(jar.getPath("/goldens"))) {
                Path top = jar.getPath("/goldens");
                for (Path from : (Iterable<Path>) files::iterator) {
                    Path to = folder.resolve(top.relativize(from).toString());
                    if (Files.isDirectory(from)) {
                        Files.createDirectories(to);
                    } else {
                        Files.copy(from, to);
                    }
                }
            }
            return folder;
        }

        private static void delete(Path folder) {
            List<Path> paths = new ArrayList<>();
            try (Stream<Path> walk = Files.walk(folder)) {
                walk.sorted(Comparator.reverseOrder()).forEach(paths::add);
                for (Path path : paths) {
                    Files.delete(path);
                }
            } catch (IOException e) {
                System.err.println("could not delete " + folder + ": " + e);
            }
        }
    }
}

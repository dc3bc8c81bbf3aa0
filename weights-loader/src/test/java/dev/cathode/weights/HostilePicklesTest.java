package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Small files that ask for much, and rare containers that must load.
class HostilePicklesTest {
    private static final Duration NO_HANG = Duration.ofSeconds(20);
    private static final long BEYOND_32_BITS = 5L << 30;

    @TempDir
    private Path folder;

    /// One large dict given to many objects as their state.
    @Test
    void sharedStateIsNotCopiedWithoutEnd() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080}(");
        for (int i = 0; i < 20_000; i++) {
            pickle.text("key" + i).op("N");
        }
        pickle.op("u").put(0).op("0(");
        for (int i = 0; i < 20_000; i++) {
            pickle.global("a", "B").op(")\u0081").get(0).op("b");
        }
        assertRefused(zip(pickle.op("t.")), "steps");
    }

    /// Each module has the next one twice: 2^40 paths.
    @Test
    void sharedModulesAreNotWalkedWithoutEnd() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080").global("a", "Leaf").op(")\u0081");
        for (int i = 0; i < 40; i++) {
            pickle.put(0).global("a", "Module").op(")\u0081}(").text("_modules").op("}(").text("x").get(0).text("y")
                    .get(0).op("uub");
        }
        assertRefused(zip(pickle.op(".")), "modules");
    }

    /// A module within itself.
    @Test
    void cyclesEnd() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080").global("a", "Module").op(")\u0081").put(0).op("}(")
                .text("_modules").op("}").text("self").get(0).op("sub.");
        assertRefused(zip(pickle), "nested");
    }

    @Test
    void repeatedElementsAreBounded() throws IOException {
        TorchBytes small = new TorchBytes().op("\u0080}").text("a").tensor("FloatStorage", "0", 1, 0, 1000, 0).op("s.");
        try (Checkpoint checkpoint = Checkpoints.open(write(TorchBytes.zip(small.bytes(), Map.of("0", new byte[4]))))) {
            assertEquals(1000, checkpoint.tensor("a").count());
        }
        TorchBytes large =
                new TorchBytes().op("\u0080}").text("a").tensor("FloatStorage", "0", 1, 0, 1L << 40, 0).op("s.");
        assertRefused(TorchBytes.zip(large.bytes(), Map.of("0", new byte[4])), "'a'");
    }

    @Test
    void unknownObjectsBesideTheWeightsAreLeftAlone() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080}(").text("state_dict").op("}").text("a")
                .tensor("ByteStorage", "0", 3, 1, 2, 1).op("s").text("arguments").global("pathlib", "PosixPath")
                .text("/tmp").op("\u0085R").text("steps").number(12).op("u.");
        try (Checkpoint checkpoint =
                Checkpoints.open(write(TorchBytes.zip(pickle.bytes(), Map.of("0", new byte[] {7, 8, 9}))))) {
            assertArrayEquals(new long[] {8, 9}, Goldens.longs(checkpoint.tensor("a")));
            assertEquals(Map.of("steps", "12"), checkpoint.metadata());
        }
    }

    @Test
    void nothingIsCalledBesideTheWeightsEither() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080}(").text("state_dict").op("}").text("a")
                .tensor("ByteStorage", "0", 3, 0, 3, 1).op("s").text("arguments").global("subprocess", "Popen")
                .text("true").op("\u0085Ru.");
        assertRefused(TorchBytes.zip(pickle.bytes(), Map.of("0", new byte[3])), "subprocess.Popen");
    }

    @Test
    void texts() throws IOException {
        assertRefused(zip(new TorchBytes().op("\u0080X").raw(new byte[] {-1, -1, -1, -1, 'a'})), "ends early");
        assertRefused(zip(new TorchBytes().op("\u0080U").raw(new byte[] {1, -1, '.'})), "UTF-8");
        assertRefused(zip(new TorchBytes().op("\u0080c").raw(new byte[100_000])), "too long");
        assertRefused(zip(new TorchBytes().op("\u0080\u008b").raw(new byte[] {0, 0, 1, 0})), "whole number");
    }

    /// TorchScript's objects simply have their parameters and modules as attributes.
    @Test
    void torchScript() throws IOException {
        TorchBytes pickle = new TorchBytes().op("\u0080").global("__torch__", "Net").op(")\u0081}(").text("weight")
                .tensor("ByteStorage", "0", 2, 0, 2, 1).text("training").op("\u0089").text("inner")
                .global("__torch__", "Inner").op(")\u0081}").text("bias").tensor("ByteStorage", "0", 2, 1, 1, 1)
                .op("sbub.");
        try (Checkpoint checkpoint =
                Checkpoints.open(write(TorchBytes.zip(pickle.bytes(), Map.of("0", new byte[] {4, 5}))))) {
            assertArrayEquals(new long[] {4, 5}, Goldens.longs(checkpoint.tensor("weight")));
            assertArrayEquals(new long[] {5}, Goldens.longs(checkpoint.tensor("inner.bias")));
        }
    }

    /// Old legacy files let storages be views of larger ones.
    @Test
    void legacyViews() throws IOException {
        byte[] magic = HexFormat.of().parseHex("6cfc9c46f9206aa85019");
        TorchBytes file = new TorchBytes().op("\u0080\u008a\n").raw(magic).op(".\u0080").number(1001).op(".\u0080}.");
        file.op("\u0080}").text("a").global("torch._utils", "_rebuild_tensor").op("((").text("storage")
                .global("torch", "CharStorage").text("7").text("cpu").number(6).op("(").text("8").number(2).number(3)
                .op("ttQ").number(1).number(2).op("\u0085").number(1).op("\u0085tRs.");
        file.op("\u0080]").text("7").op("a.");
        file.raw(TorchBytes.little(8).putLong(6).array()).raw(new byte[] {0, 1, 2, 3, 4, 5});
        try (Checkpoint checkpoint = Checkpoints.open(write(file.bytes()))) {
            assertArrayEquals(new long[] {3, 4}, Goldens.longs(checkpoint.tensor("a")));
        }
    }

    /// A record of 5 GiB and another one behind it, in a sparse file.
    @Test
    void recordsBeyondFourGigabytes() throws IOException {
        byte[] pickle = new TorchBytes().op("\u0080}(").text("large")
                .tensor("ByteStorage", "0", BEYOND_32_BITS, BEYOND_32_BITS - 2, 2, 1).text("behind")
                .tensor("ByteStorage", "1", 3, 0, 3, 1).op("u.").bytes();
        Path path = folder.resolve("large.pt");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            long first = local(file, "a/data.pkl");
            file.write(pickle);
            long second = local(file, "a/data/0");
            file.seek(file.getFilePointer() + BEYOND_32_BITS - 1);
            file.write(9);
            long third = local(file, "a/data/1");
            file.write(new byte[] {1, 2, 3});
            long directory = file.getFilePointer();
            entry(file, "a/data.pkl", pickle.length, first);
            entry(file, "a/data/0", BEYOND_32_BITS, second);
            entry(file, "a/data/1", 3, third);
            end(file, directory, 3);
        }
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            assertArrayEquals(new long[] {0, 9}, Goldens.longs(checkpoint.tensor("large")));
            assertArrayEquals(new long[] {1, 2, 3}, Goldens.longs(checkpoint.tensor("behind")));
            assertEquals(2, checkpoint.tensor("behind").data().get(ValueLayout.JAVA_BYTE, 1));
        }
    }

    private static long local(RandomAccessFile file, String name) throws IOException {
        long at = file.getFilePointer();
        ByteBuffer header = TorchBytes.little(30).putInt(0, 0x04034b50).putShort(26, (short) name.length());
        file.write(header.array());
        file.write(name.getBytes(StandardCharsets.US_ASCII));
        return at;
    }

    /// All sizes and the place stand in the 64-bit extra field.
    private static void entry(RandomAccessFile file, String name, long size, long at) throws IOException {
        ByteBuffer entry = TorchBytes.little(46).putInt(0, 0x02014b50).putInt(20, -1).putInt(24, -1)
                .putShort(28, (short) name.length()).putShort(30, (short) 28).putInt(42, -1);
        file.write(entry.array());
        file.write(name.getBytes(StandardCharsets.US_ASCII));
        file.write(TorchBytes.little(28).putShort((short) 1).putShort((short) 24).putLong(size).putLong(size)
                .putLong(at).array());
    }

    private static void end(RandomAccessFile file, long directory, int count) throws IOException {
        long at = file.getFilePointer();
        file.write(TorchBytes.little(56).putInt(0, 0x06064b50).putLong(4, 44).putLong(24, count).putLong(32, count)
                .putLong(40, at - directory).putLong(48, directory).array());
        file.write(TorchBytes.little(20).putInt(0, 0x07064b50).putLong(8, at).putInt(16, 1).array());
        file.write(TorchBytes.little(22).putInt(0, 0x06054b50).putShort(8, (short) -1).putShort(10, (short) -1)
                .putInt(12, -1).putInt(16, -1).array());
    }

    private static byte[] zip(TorchBytes pickle) throws IOException {
        return TorchBytes.zip(pickle.bytes(), Map.of());
    }

    private Path write(byte[] bytes) throws IOException {
        Path file = Files.createTempFile(folder, "weights", ".bin");
        return Files.write(file, bytes);
    }

    private void assertRefused(byte[] bytes, String word) throws IOException {
        Path file = write(bytes);
        CheckpointException e = assertTimeoutPreemptively(NO_HANG,
                () -> assertThrows(CheckpointException.class, () -> Checkpoints.open(file).close()));
        assertTrue(e.getMessage().contains(word) && e.getMessage().contains(file.toString()), e.getMessage());
    }
}

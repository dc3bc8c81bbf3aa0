package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// A device for tests of single kernels, which are the same on the CPU and on a GPU: buffers that start as NaN and are
/// forgotten all together.
abstract class TestDevice implements KernelLauncher, AutoCloseable {
    /// Draws another order of threads and blocks for what follows, where the device has a choice.
    abstract void seed(long seed);

    /// Whether a kernel has failed, and nothing runs any more.
    abstract boolean hasFailed();

    /// Forgets all buffers.
    abstract void reset();

    /// A new buffer of NaN, `skew` bytes after a multiple of 256.
    abstract long allocate(long bytes, int skew);

    /// What is in a buffer, after everything launched before.
    abstract MemorySegment read(long address, long bytes);

    /// Changes what is in a buffer.
    abstract void write(long address, MemorySegment content);

    @Override
    public abstract void close();

    /// A new buffer of NaN, aligned to 256 bytes.
    long allocate(long bytes) {
        return allocate(bytes, 0);
    }

    /// Numbers of a type, rounded, in a new buffer.
    long upload(Element element, float... numbers) {
        return uploadSkewed(element, 0, numbers);
    }

    /// Numbers of a type, `skew` bytes after a multiple of 256.
    long uploadSkewed(Element element, int skew, float... numbers) {
        long address = allocate((long) numbers.length * element.bytes(), skew);
        write(element, address, numbers);
        return address;
    }

    void write(Element element, long address, float... numbers) {
        MemorySegment content = MemorySegment.ofArray(new byte[numbers.length * element.bytes()]);
        for (int i = 0; i < numbers.length; i++) {
            Numbers.set(element, content, i, numbers[i]);
        }
        write(address, content);
    }

    long uploadInts(int... numbers) {
        long address = allocate(4L * numbers.length);
        write(address, MemorySegment.ofArray(numbers));
        return address;
    }

    long uploadLongs(long... numbers) {
        long address = allocate(8L * numbers.length);
        write(address, MemorySegment.ofArray(numbers));
        return address;
    }

    float[] download(Element element, long address, int count) {
        MemorySegment from = read(address, (long) count * element.bytes());
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Numbers.get(element, from, i);
        }
        return numbers;
    }

    int[] downloadInts(long address, int count) {
        return read(address, 4L * count).toArray(JAVA_INT_UNALIGNED);
    }

    byte[] bytes(long address, long count) {
        return read(address, count).toArray(JAVA_BYTE);
    }
}

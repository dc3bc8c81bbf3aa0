package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.DType;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Variables in a GPU's memory: float32, and beside those that products read in 16 bits a copy of that type.
final class CudaVariables implements Variables {
    private final CudaMachine machine;
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Long> addresses = new HashMap<>();
    private final Map<String, Long> copies = new HashMap<>();
    private final Slabs slabs;

    CudaVariables(CudaMachine machine) {
        this.machine = machine;
        slabs = new Slabs(machine);
    }

    @Override
    public void require(long bytes) {
        long available = machine.available();
        if (bytes > available) {
            throw new InsufficientMemoryException(bytes, available, CudaDevice.MEMORY);
        }
    }

    @Override
    public void define(String name, Shape shape) {
        if (shapes.putIfAbsent(name, shape) != null) {
            throw new IllegalArgumentException("variable " + name + " exists already");
        }
        long bytes = shape.count() * Float.BYTES;
        long address = slabs.allocate(bytes);
        machine.clear(address, bytes);
        addresses.put(name, address);
    }

    @Override
    public Map<String, Shape> shapes() {
        return Collections.unmodifiableMap(shapes);
    }

    @Override
    public void write(String name, MemorySegment numbers) {
        check(name, numbers);
        machine.upload(numbers, address(name));
    }

    @Override
    public void read(String name, MemorySegment destination) {
        check(name, destination);
        machine.download(address(name), destination);
    }

    private void check(String name, MemorySegment numbers) {
        address(name);
        if (numbers.byteSize() != shapes.get(name).count() * Float.BYTES) {
            throw new IllegalArgumentException("variable " + name + " " + shapes.get(name) + " does not have "
                    + numbers.byteSize() + " bytes");
        }
    }

    /// Where a variable lies.
    long address(String name) {
        Long address = addresses.get(name);
        if (address == null) {
            throw new IllegalArgumentException("there is no variable " + name);
        }
        return address;
    }

    /// Whether there is a copy in a 16-bit type.
    boolean hasCopy(String name, DType type) {
        return copies.containsKey(name + ' ' + type);
    }

    /// Where a variable's copy in a 16-bit type lies. Its numbers are those of the variable when they were last brought
    /// there, see [CudaWeights#refresh].
    long copy(String name, DType type) {
        return copies.computeIfAbsent(name + ' ' + type, k -> slabs.allocate(shapes.get(name).count() * type.bytes()));
    }

    @Override
    public long bytes() {
        return slabs.bytes();
    }

    @Override
    public void close() {
        slabs.close();
    }
}

package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.DType;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Variables in a GPU's memory: float32, and beside those that products read in 16 bits a copy of that type.
final class CudaVariables implements Variables {
    private final CudaMachine machine;
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Long> addresses = new HashMap<>();
    private final Map<CopyOf, Long> copies = new HashMap<>();
    /// Copies that are not what their variables are.
    private final Set<CopyOf> stale = new HashSet<>();
    private final Slabs slabs;

    /// Which copy.
    record CopyOf(String variable, DType type) { }

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
        copies.keySet().stream().filter(copy -> copy.variable.equals(name)).forEach(stale::add);
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

    /// Where a copy lies; makes it if there is none. Its numbers mean nothing while it [#isStale].
    long copy(CopyOf copy) {
        return copies.computeIfAbsent(copy, k -> {
            stale.add(k);
            return slabs.allocate(shapes.get(k.variable).count() * k.type.bytes());
        });
    }

    /// The copies that there are.
    Set<CopyOf> copies() {
        return Collections.unmodifiableSet(copies.keySet());
    }

    /// Whether a copy has to be brought to what its variable is.
    boolean isStale(CopyOf copy) {
        return stale.contains(copy);
    }

    /// Says that a copy has been brought to what its variable is.
    void isFresh(CopyOf copy) {
        stale.remove(copy);
    }

    /// Says that these copies, as far as there are such, are no longer what their variables are.
    void areStale(Collection<CopyOf> old) {
        old.stream().filter(copies::containsKey).forEach(stale::add);
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

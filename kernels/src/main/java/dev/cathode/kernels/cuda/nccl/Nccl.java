package dev.cathode.kernels.cuda.nccl;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.library.Downcalls;
import dev.cathode.kernels.cuda.library.Functions;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/// `libnccl.so.2`.
public final class Nccl {
    /// Bytes of the number that all members of a group share.
    public static final int ID_BYTES = 128;

    /// `ncclUniqueId`, which goes by value.
    private static final StructLayout ID = MemoryLayout.structLayout(MemoryLayout.sequenceLayout(ID_BYTES, JAVA_BYTE));

    /// How the members' numbers become one.
    public enum Reduction {
        /// their sum
        SUM(0),
        /// the largest
        MAX(2),
        /// their mean
        MEAN(4);

        private final int code;

        Reduction(int code) {
            this.code = code;
        }
    }

    private final MethodHandle errorString;
    private final MethodHandle lastError;
    private final MethodHandle getUniqueId;
    private final MethodHandle commInitRank;
    private final MethodHandle commDestroy;
    private final MethodHandle commAbort;
    private final MethodHandle allReduce;
    private final MethodHandle broadcast;
    private final int version;

    /// @throws dev.cathode.kernels.cuda.library.LibraryException if the library is too old to have all functions
    public Nccl(Functions library) {
        errorString = library.function("ncclGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        lastError = library.function("ncclGetLastError", FunctionDescriptor.of(ADDRESS, ADDRESS));
        getUniqueId = library.status("ncclGetUniqueId", ADDRESS);
        commInitRank = library.status("ncclCommInitRank", ADDRESS, JAVA_INT, ID, JAVA_INT);
        commDestroy = library.status("ncclCommDestroy", ADDRESS);
        commAbort = library.status("ncclCommAbort", ADDRESS);
        allReduce = library.status("ncclAllReduce", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
        broadcast = library.status("ncclBroadcast", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
        MethodHandle getVersion = library.status("ncclGetVersion", ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            run("ncclGetVersion", () -> (int) getVersion.invokeExact(out));
            version = out.get(JAVA_INT, 0);
        }
    }

    /// The library's version: 23007 for 2.30.7.
    public int version() {
        return version;
    }

    /// A number for a new group; one member makes it, all get it.
    ///
    /// @return [#ID_BYTES] bytes
    public byte[] newId() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment id = arena.allocate(ID);
            run("ncclGetUniqueId", () -> (int) getUniqueId.invokeExact(id));
            return id.toArray(JAVA_BYTE);
        }
    }

    /// Joins a group with the GPU whose context is current; returns when all members have joined.
    ///
    /// @param id from [#newId()]
    /// @param rank this member's number, from 0
    /// @param size how many members there are
    public Member join(byte[] id, int rank, int size) {
        if (id.length != ID_BYTES || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("member " + rank + " of " + size + " with an id of " + id.length
                    + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            MemorySegment bytes = arena.allocate(ID);
            bytes.copyFrom(MemorySegment.ofArray(id));
            run("ncclCommInitRank(" + rank + " of " + size + ")",
                    () -> (int) commInitRank.invokeExact(out, size, bytes, rank));
            return new Member(out.get(ADDRESS, 0));
        }
    }

    /// One GPU in a group.
    public final class Member implements AutoCloseable {
        private final MemorySegment address;

        private Member(MemorySegment address) {
            this.address = address;
        }

        /// Reduces `count` numbers of all members; every member gets the result. Source and destination may be the
        /// same.
        ///
        /// @param stream the driver's handle of the stream that does it
        public void allReduce(long source, long destination, long count, Element element, Reduction reduction,
                              MemorySegment stream) {
            MemorySegment from = MemorySegment.ofAddress(source);
            MemorySegment to = MemorySegment.ofAddress(destination);
            int type = type(element);
            run("ncclAllReduce(" + count + " × " + element + ")", () -> (int) allReduce.invokeExact(from, to, count,
                    type, reduction.code, address, stream));
        }

        /// Copies `count` numbers of member `root` to every member.
        ///
        /// @param stream the driver's handle of the stream that does it
        public void broadcast(long source, long destination, long count, Element element, int root,
                              MemorySegment stream) {
            MemorySegment from = MemorySegment.ofAddress(source);
            MemorySegment to = MemorySegment.ofAddress(destination);
            int type = type(element);
            run("ncclBroadcast(" + count + " × " + element + ")", () -> (int) broadcast.invokeExact(from, to, count,
                    type, root, address, stream));
        }

        /// Leaves without waiting for the others, after an error.
        public void abort() {
            run("ncclCommAbort", () -> (int) commAbort.invokeExact(address));
        }

        /// Leaves when all that was queued is done.
        @Override
        public void close() {
            run("ncclCommDestroy", () -> (int) commDestroy.invokeExact(address));
        }
    }

    /// `ncclDataType_t`
    private static int type(Element element) {
        return switch (element) {
            case FLOAT16 -> 6;
            case FLOAT32 -> 7;
            case BFLOAT16 -> 9;
        };
    }

    private void run(String name, Downcalls.Call call) {
        Downcalls.run(name, this::errorText, call);
    }

    private String errorText(int code) throws Throwable {
        String words = Downcalls.text((MemorySegment) errorString.invokeExact(code));
        String more = Downcalls.text((MemorySegment) lastError.invokeExact(MemorySegment.NULL)).strip();
        return more.isEmpty() ? words : words + ": " + more;
    }
}

package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Pages.Access;
import dev.cathode.kernels.cpu.x86.Pages.Outcome;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Code in memory that may be run.
///
/// Pages are writable first and executable after that, never both at once (W^X). They belong to the arena.
///
/// @param code the code; its address is what to call
record MachineCode(MemorySegment code) {
    /// What became of code: it can be called, or the system does not let us.
    sealed interface Installation {
        /// It can be called.
        record Installed(MachineCode code) implements Installation { }

        /// The system refuses executable memory.
        ///
        /// @param reason a clause, for people
        record Refused(String reason) implements Installation { }
    }

    /// Puts code into executable memory.
    @SuppressWarnings("restricted")
    static Installation install(byte[] code, Pages pages, Arena arena) {
        long bytes = (code.length + Pages.SIZE - 1) / Pages.SIZE * Pages.SIZE;
        return switch (pages.map(bytes)) {
            case Outcome.Refused(String reason) -> new Installation.Refused("no memory for code: " + reason);
            case Outcome.Done(long address) -> {
                MemorySegment.copy(code, 0, MemorySegment.ofAddress(address).reinterpret(bytes),
                        ValueLayout.JAVA_BYTE, 0, code.length);
                yield switch (pages.protect(address, bytes, Access.READ_EXECUTE)) {
                    case Outcome.Refused(String reason) -> {
                        pages.unmap(address, bytes);
                        yield new Installation.Refused("this system refuses executable memory: " + reason);
                    }
                    case Outcome.Done(long _) -> new Installation.Installed(new MachineCode(
                            MemorySegment.ofAddress(address).reinterpret(code.length, arena,
                                    unused -> pages.unmap(address, bytes))));
                };
            }
        };
    }

    /// Where a function starts in the code.
    MemorySegment at(long offset) {
        return code.asSlice(offset);
    }
}

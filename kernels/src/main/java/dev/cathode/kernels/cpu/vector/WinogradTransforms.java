package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// The one-dimensional transforms of Winograd's minimal filtering, each applied to a run of channels. Two of them, down
/// and across, make the two-dimensional ones: `V = Bᵀ d B`, `U = G g Gᵀ`, `Y = Aᵀ M A`.
///
/// F(2, 3) interpolates at 0, ±1 and ∞ (Lavin and Gray, arXiv:1509.09308). F(4, 3) does so at 0, ±5/8, ±3/2 and ∞
/// instead of their 0, ±1, ±2, ∞: all constants are exact, and the result rounds half as coarsely.
///
/// Runs have `n` numbers, at least one vector; a last vector that would pass the end starts earlier and computes some
/// numbers twice.
final class WinogradTransforms {
    static {
        CompilerDirectives.install();
    }

    private static final float A = 0.625f;
    private static final float B = 1.5f;
    private static final float A2 = A * A;
    private static final float B2 = B * B;

    // Constants as objects made once: a broadcast inside a method would be made anew, on the heap, by every call.
    private static final FloatVector VA = FloatVector.broadcast(SPECIES, A);
    private static final FloatVector VB = FloatVector.broadcast(SPECIES, B);
    private static final FloatVector VA2 = FloatVector.broadcast(SPECIES, A2);
    private static final FloatVector VB2 = FloatVector.broadcast(SPECIES, B2);
    private static final FloatVector VA3 = FloatVector.broadcast(SPECIES, A * A2);
    private static final FloatVector VB3 = FloatVector.broadcast(SPECIES, B * B2);
    private static final FloatVector MINUS_A2 = FloatVector.broadcast(SPECIES, -A2);
    private static final FloatVector MINUS_B2 = FloatVector.broadcast(SPECIES, -B2);
    private static final FloatVector PRODUCT = FloatVector.broadcast(SPECIES, A2 * B2);
    private static final FloatVector MINUS_SUM = FloatVector.broadcast(SPECIES, -(A2 + B2));

    private WinogradTransforms() { }

    /// `to[i] = Σ Bᵀ[i][j] · from[j]` for F(2, 3) (`size` 4) or F(4, 3) (6). The addresses of the inputs lie in memory,
    /// `step` bytes apart, and count from `offset`; the outputs lie `toStep` bytes apart. All `size` lines of a patch
    /// are done, `nextStep` and `nextTo` bytes from one to the next.
    static void input(int size, long table, long step, long nextStep, long offset, long to, long toStep, long nextTo,
                      int n) {
        for (int line = 0; line < size; line++) {
            if (size == 6) {
                input6(table + line * nextStep, step, offset, to + line * nextTo, toStep, n);
            } else {
                input4(table + line * nextStep, step, offset, to + line * nextTo, toStep, n);
            }
        }
    }

    private static void input6(long table, long step, long offset, long to, long toStep, int n) {
        long s0 = ALL.get(JAVA_LONG_UNALIGNED, table) + offset;
        long s1 = ALL.get(JAVA_LONG_UNALIGNED, table + step) + offset;
        long s2 = ALL.get(JAVA_LONG_UNALIGNED, table + 2 * step) + offset;
        long s3 = ALL.get(JAVA_LONG_UNALIGNED, table + 3 * step) + offset;
        long s4 = ALL.get(JAVA_LONG_UNALIGNED, table + 4 * step) + offset;
        long s5 = ALL.get(JAVA_LONG_UNALIGNED, table + 5 * step) + offset;
        for (int i = 0; i < n; i += LANES) {
            long at = Math.min(i, n - LANES) * 4L;
            FloatVector d1 = load(s1 + at);
            FloatVector d2 = load(s2 + at);
            FloatVector d3 = load(s3 + at);
            FloatVector d4 = load(s4 + at);
            store(load(s0 + at).fma(PRODUCT, d2.fma(MINUS_SUM, d4)), to + at);
            FloatVector even = d2.fma(MINUS_B2, d4);
            FloatVector odd = d1.fma(MINUS_B2, d3).mul(VA);
            store(even.add(odd), to + toStep + at);
            store(even.sub(odd), to + 2 * toStep + at);
            even = d2.fma(MINUS_A2, d4);
            odd = d1.fma(MINUS_A2, d3).mul(VB);
            store(even.add(odd), to + 3 * toStep + at);
            store(even.sub(odd), to + 4 * toStep + at);
            store(d1.fma(PRODUCT, d3.fma(MINUS_SUM, load(s5 + at))), to + 5 * toStep + at);
        }
    }

    private static void input4(long table, long step, long offset, long to, long toStep, int n) {
        long s0 = ALL.get(JAVA_LONG_UNALIGNED, table) + offset;
        long s1 = ALL.get(JAVA_LONG_UNALIGNED, table + step) + offset;
        long s2 = ALL.get(JAVA_LONG_UNALIGNED, table + 2 * step) + offset;
        long s3 = ALL.get(JAVA_LONG_UNALIGNED, table + 3 * step) + offset;
        for (int i = 0; i < n; i += LANES) {
            long at = Math.min(i, n - LANES) * 4L;
            FloatVector d1 = load(s1 + at);
            FloatVector d2 = load(s2 + at);
            store(load(s0 + at).sub(d2), to + at);
            store(d2.add(d1), to + toStep + at);
            store(d2.sub(d1), to + 2 * toStep + at);
            store(load(s3 + at).sub(d1), to + 3 * toStep + at);
        }
    }

    /// `to[i] = Σ Aᵀ[i][j] · from[j]`: 6 numbers to 4, or 4 to 2.
    static void output(int size, long from, long fromStep, long to, long toStep, int n) {
        if (size == 6) {
            output6(from, fromStep, to, toStep, n);
        } else {
            output4(from, fromStep, to, toStep, n);
        }
    }

    private static void output6(long from, long fromStep, long to, long toStep, int n) {
        for (int i = 0; i < n; i += LANES) {
            long at = from + Math.min(i, n - LANES) * 4L;
            long y = to + Math.min(i, n - LANES) * 4L;
            FloatVector m1 = load(at + fromStep);
            FloatVector m2 = load(at + 2 * fromStep);
            FloatVector m3 = load(at + 3 * fromStep);
            FloatVector m4 = load(at + 4 * fromStep);
            FloatVector sumA = m1.add(m2);
            FloatVector sumB = m3.add(m4);
            FloatVector differenceA = m1.sub(m2);
            FloatVector differenceB = m3.sub(m4);
            store(load(at).add(sumA).add(sumB), y);
            store(differenceA.fma(VA, differenceB.mul(VB)), y + toStep);
            store(sumA.fma(VA2, sumB.mul(VB2)), y + 2 * toStep);
            store(differenceA.fma(VA3, differenceB.mul(VB3)).add(load(at + 5 * fromStep)), y + 3 * toStep);
        }
    }

    private static void output4(long from, long fromStep, long to, long toStep, int n) {
        for (int i = 0; i < n; i += LANES) {
            long at = from + Math.min(i, n - LANES) * 4L;
            long y = to + Math.min(i, n - LANES) * 4L;
            FloatVector m1 = load(at + fromStep);
            FloatVector m2 = load(at + 2 * fromStep);
            store(load(at).add(m1).add(m2), y);
            store(m1.sub(m2).add(load(at + 3 * fromStep)), y + toStep);
        }
    }

    /// `to[i] = Σ G[i][j] · from[j]`: 3 numbers to 6, or 3 to 4.
    static void weights(int size, long from, long fromStep, long to, long toStep, int n) {
        if (size == 6) {
            weights6(from, fromStep, to, toStep, n);
        } else {
            weights4(from, fromStep, to, toStep, n);
        }
    }

    private static void weights6(long from, long fromStep, long to, long toStep, int n) {
        float atA = 1 / (2 * A2 * (A2 - B2));
        float atB = 1 / (2 * B2 * (B2 - A2));
        for (int i = 0; i < n; i += LANES) {
            long at = from + Math.min(i, n - LANES) * 4L;
            long y = to + Math.min(i, n - LANES) * 4L;
            FloatVector g0 = load(at);
            FloatVector g1 = load(at + fromStep);
            FloatVector g2 = load(at + 2 * fromStep);
            store(g0.mul(1 / (A2 * B2)), y);
            FloatVector even = g2.mul(A2).add(g0);
            FloatVector odd = g1.mul(A);
            store(even.add(odd).mul(atA), y + toStep);
            store(even.sub(odd).mul(atA), y + 2 * toStep);
            even = g2.mul(B2).add(g0);
            odd = g1.mul(B);
            store(even.add(odd).mul(atB), y + 3 * toStep);
            store(even.sub(odd).mul(atB), y + 4 * toStep);
            store(g2, y + 5 * toStep);
        }
    }

    private static void weights4(long from, long fromStep, long to, long toStep, int n) {
        for (int i = 0; i < n; i += LANES) {
            long at = from + Math.min(i, n - LANES) * 4L;
            long y = to + Math.min(i, n - LANES) * 4L;
            FloatVector g0 = load(at);
            FloatVector g1 = load(at + fromStep);
            FloatVector g2 = load(at + 2 * fromStep);
            FloatVector even = g0.add(g2);
            store(g0, y);
            store(even.add(g1).mul(0.5f), y + toStep);
            store(even.sub(g1).mul(0.5f), y + 2 * toStep);
            store(g2, y + 3 * toStep);
        }
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, ALL, address, LE);
    }

    private static void store(FloatVector x, long address) {
        x.intoMemorySegment(ALL, address, LE);
    }
}

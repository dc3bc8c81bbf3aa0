package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.VectorAttention.ROW;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The two matrix products of [VectorAttention] over one block, in tiles of four keys or channels by two or four
/// vectors of queries. Bodies are flat and repetitive on purpose: every accumulator is a register.
final class AttentionTiles {
    static {
        CompilerDirectives.install();
    }

    private static final VectorSpecies<Float> F = Simd.SPECIES;
    private static final ByteOrder ORDER = Simd.LE;
    /// Bytes of a vector.
    private static final long BYTES = 4L * Simd.LANES;
    /// Queries that the wide tile takes at a time; 16 accumulators need 32 registers, which come with 512 bits.
    private static final int WIDE = Simd.LANES == 16 ? 4 * Simd.LANES : Integer.MAX_VALUE;

    private AttentionTiles() { }

    /// Whether so many queries fill enough of the wide tile.
    static boolean wide(int queries) {
        return queries > WIDE / 2;
    }

    /// Scores of four vectors of queries with `4·groups` keys: `scores[4g + j] (+)= Σ_c k[g][c][j] · q[c]`.
    static void scores4(long k, long groupStep, int groups, int depth, long q, long scores, boolean accumulate) {
        for (int g = 0; g < groups; g++) {
            long kg = k + g * groupStep;
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            FloatVector s02 = FloatVector.zero(F);
            FloatVector s03 = FloatVector.zero(F);
            FloatVector s10 = FloatVector.zero(F);
            FloatVector s11 = FloatVector.zero(F);
            FloatVector s12 = FloatVector.zero(F);
            FloatVector s13 = FloatVector.zero(F);
            FloatVector s20 = FloatVector.zero(F);
            FloatVector s21 = FloatVector.zero(F);
            FloatVector s22 = FloatVector.zero(F);
            FloatVector s23 = FloatVector.zero(F);
            FloatVector s30 = FloatVector.zero(F);
            FloatVector s31 = FloatVector.zero(F);
            FloatVector s32 = FloatVector.zero(F);
            FloatVector s33 = FloatVector.zero(F);
            for (int c = 0; c < depth; c++) {
                long qc = q + (long) c * ROW;
                long kc = kg + c * 16L;
                FloatVector q0 = FloatVector.fromMemorySegment(F, ALL, qc, ORDER);
                FloatVector q1 = FloatVector.fromMemorySegment(F, ALL, qc + BYTES, ORDER);
                FloatVector q2 = FloatVector.fromMemorySegment(F, ALL, qc + 2 * BYTES, ORDER);
                FloatVector q3 = FloatVector.fromMemorySegment(F, ALL, qc + 3 * BYTES, ORDER);
                FloatVector k0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc));
                s00 = k0.fma(q0, s00);
                s01 = k0.fma(q1, s01);
                s02 = k0.fma(q2, s02);
                s03 = k0.fma(q3, s03);
                FloatVector k1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 4));
                s10 = k1.fma(q0, s10);
                s11 = k1.fma(q1, s11);
                s12 = k1.fma(q2, s12);
                s13 = k1.fma(q3, s13);
                FloatVector k2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 8));
                s20 = k2.fma(q0, s20);
                s21 = k2.fma(q1, s21);
                s22 = k2.fma(q2, s22);
                s23 = k2.fma(q3, s23);
                FloatVector k3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 12));
                s30 = k3.fma(q0, s30);
                s31 = k3.fma(q1, s31);
                s32 = k3.fma(q2, s32);
                s33 = k3.fma(q3, s33);
            }
            long sg = scores + g * (4L * ROW);
            if (accumulate) {
                FloatVector.fromMemorySegment(F, ALL, sg, ORDER).add(s00)
                        .intoMemorySegment(ALL, sg, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + BYTES, ORDER).add(s01)
                        .intoMemorySegment(ALL, sg + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * BYTES, ORDER).add(s02)
                        .intoMemorySegment(ALL, sg + 2 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * BYTES, ORDER).add(s03)
                        .intoMemorySegment(ALL, sg + 3 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW, ORDER).add(s10)
                        .intoMemorySegment(ALL, sg + ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW + BYTES, ORDER).add(s11)
                        .intoMemorySegment(ALL, sg + ROW + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW + 2 * BYTES, ORDER).add(s12)
                        .intoMemorySegment(ALL, sg + ROW + 2 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW + 3 * BYTES, ORDER).add(s13)
                        .intoMemorySegment(ALL, sg + ROW + 3 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW, ORDER).add(s20)
                        .intoMemorySegment(ALL, sg + 2 * ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW + BYTES, ORDER).add(s21)
                        .intoMemorySegment(ALL, sg + 2 * ROW + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW + 2 * BYTES, ORDER).add(s22)
                        .intoMemorySegment(ALL, sg + 2 * ROW + 2 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW + 3 * BYTES, ORDER).add(s23)
                        .intoMemorySegment(ALL, sg + 2 * ROW + 3 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW, ORDER).add(s30)
                        .intoMemorySegment(ALL, sg + 3 * ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW + BYTES, ORDER).add(s31)
                        .intoMemorySegment(ALL, sg + 3 * ROW + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW + 2 * BYTES, ORDER).add(s32)
                        .intoMemorySegment(ALL, sg + 3 * ROW + 2 * BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW + 3 * BYTES, ORDER).add(s33)
                        .intoMemorySegment(ALL, sg + 3 * ROW + 3 * BYTES, ORDER);
            } else {
                s00.intoMemorySegment(ALL, sg, ORDER);
                s01.intoMemorySegment(ALL, sg + BYTES, ORDER);
                s02.intoMemorySegment(ALL, sg + 2 * BYTES, ORDER);
                s03.intoMemorySegment(ALL, sg + 3 * BYTES, ORDER);
                s10.intoMemorySegment(ALL, sg + ROW, ORDER);
                s11.intoMemorySegment(ALL, sg + ROW + BYTES, ORDER);
                s12.intoMemorySegment(ALL, sg + ROW + 2 * BYTES, ORDER);
                s13.intoMemorySegment(ALL, sg + ROW + 3 * BYTES, ORDER);
                s20.intoMemorySegment(ALL, sg + 2 * ROW, ORDER);
                s21.intoMemorySegment(ALL, sg + 2 * ROW + BYTES, ORDER);
                s22.intoMemorySegment(ALL, sg + 2 * ROW + 2 * BYTES, ORDER);
                s23.intoMemorySegment(ALL, sg + 2 * ROW + 3 * BYTES, ORDER);
                s30.intoMemorySegment(ALL, sg + 3 * ROW, ORDER);
                s31.intoMemorySegment(ALL, sg + 3 * ROW + BYTES, ORDER);
                s32.intoMemorySegment(ALL, sg + 3 * ROW + 2 * BYTES, ORDER);
                s33.intoMemorySegment(ALL, sg + 3 * ROW + 3 * BYTES, ORDER);
            }
        }
    }

    /// Adds the values weighted by the scores: `output[4g + j] = alpha · output[4g + j] + Σ_k v[g][k][j] · scores[k]`.
    static void values4(long v, long groupStep, int groups, int keys, long scores, long alpha, long output) {
        for (int g = 0; g < groups; g++) {
            long vg = v + g * groupStep;
            long og = output + g * (4L * ROW);
            FloatVector a0 = FloatVector.fromMemorySegment(F, ALL, alpha, ORDER);
            FloatVector a1 = FloatVector.fromMemorySegment(F, ALL, alpha + BYTES, ORDER);
            FloatVector a2 = FloatVector.fromMemorySegment(F, ALL, alpha + 2 * BYTES, ORDER);
            FloatVector a3 = FloatVector.fromMemorySegment(F, ALL, alpha + 3 * BYTES, ORDER);
            FloatVector o00 = FloatVector.fromMemorySegment(F, ALL, og, ORDER).mul(a0);
            FloatVector o01 = FloatVector.fromMemorySegment(F, ALL, og + BYTES, ORDER).mul(a1);
            FloatVector o02 = FloatVector.fromMemorySegment(F, ALL, og + 2 * BYTES, ORDER).mul(a2);
            FloatVector o03 = FloatVector.fromMemorySegment(F, ALL, og + 3 * BYTES, ORDER).mul(a3);
            FloatVector o10 = FloatVector.fromMemorySegment(F, ALL, og + ROW, ORDER).mul(a0);
            FloatVector o11 = FloatVector.fromMemorySegment(F, ALL, og + ROW + BYTES, ORDER).mul(a1);
            FloatVector o12 = FloatVector.fromMemorySegment(F, ALL, og + ROW + 2 * BYTES, ORDER).mul(a2);
            FloatVector o13 = FloatVector.fromMemorySegment(F, ALL, og + ROW + 3 * BYTES, ORDER).mul(a3);
            FloatVector o20 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW, ORDER).mul(a0);
            FloatVector o21 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW + BYTES, ORDER).mul(a1);
            FloatVector o22 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW + 2 * BYTES, ORDER).mul(a2);
            FloatVector o23 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW + 3 * BYTES, ORDER).mul(a3);
            FloatVector o30 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW, ORDER).mul(a0);
            FloatVector o31 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW + BYTES, ORDER).mul(a1);
            FloatVector o32 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW + 2 * BYTES, ORDER).mul(a2);
            FloatVector o33 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW + 3 * BYTES, ORDER).mul(a3);
            for (int k = 0; k < keys; k++) {
                long sk = scores + (long) k * ROW;
                long vk = vg + k * 16L;
                FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, sk, ORDER);
                FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, sk + BYTES, ORDER);
                FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, sk + 2 * BYTES, ORDER);
                FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, sk + 3 * BYTES, ORDER);
                FloatVector v0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk));
                o00 = v0.fma(s0, o00);
                o01 = v0.fma(s1, o01);
                o02 = v0.fma(s2, o02);
                o03 = v0.fma(s3, o03);
                FloatVector v1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 4));
                o10 = v1.fma(s0, o10);
                o11 = v1.fma(s1, o11);
                o12 = v1.fma(s2, o12);
                o13 = v1.fma(s3, o13);
                FloatVector v2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 8));
                o20 = v2.fma(s0, o20);
                o21 = v2.fma(s1, o21);
                o22 = v2.fma(s2, o22);
                o23 = v2.fma(s3, o23);
                FloatVector v3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 12));
                o30 = v3.fma(s0, o30);
                o31 = v3.fma(s1, o31);
                o32 = v3.fma(s2, o32);
                o33 = v3.fma(s3, o33);
            }
            o00.intoMemorySegment(ALL, og, ORDER);
            o01.intoMemorySegment(ALL, og + BYTES, ORDER);
            o02.intoMemorySegment(ALL, og + 2 * BYTES, ORDER);
            o03.intoMemorySegment(ALL, og + 3 * BYTES, ORDER);
            o10.intoMemorySegment(ALL, og + ROW, ORDER);
            o11.intoMemorySegment(ALL, og + ROW + BYTES, ORDER);
            o12.intoMemorySegment(ALL, og + ROW + 2 * BYTES, ORDER);
            o13.intoMemorySegment(ALL, og + ROW + 3 * BYTES, ORDER);
            o20.intoMemorySegment(ALL, og + 2 * ROW, ORDER);
            o21.intoMemorySegment(ALL, og + 2 * ROW + BYTES, ORDER);
            o22.intoMemorySegment(ALL, og + 2 * ROW + 2 * BYTES, ORDER);
            o23.intoMemorySegment(ALL, og + 2 * ROW + 3 * BYTES, ORDER);
            o30.intoMemorySegment(ALL, og + 3 * ROW, ORDER);
            o31.intoMemorySegment(ALL, og + 3 * ROW + BYTES, ORDER);
            o32.intoMemorySegment(ALL, og + 3 * ROW + 2 * BYTES, ORDER);
            o33.intoMemorySegment(ALL, og + 3 * ROW + 3 * BYTES, ORDER);
        }
    }

    /// Scores of two vectors of queries with `4·groups` keys: `scores[4g + j] (+)= Σ_c k[g][c][j] · q[c]`.
    static void scores2(long k, long groupStep, int groups, int depth, long q, long scores, boolean accumulate) {
        for (int g = 0; g < groups; g++) {
            long kg = k + g * groupStep;
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            FloatVector s10 = FloatVector.zero(F);
            FloatVector s11 = FloatVector.zero(F);
            FloatVector s20 = FloatVector.zero(F);
            FloatVector s21 = FloatVector.zero(F);
            FloatVector s30 = FloatVector.zero(F);
            FloatVector s31 = FloatVector.zero(F);
            for (int c = 0; c < depth; c++) {
                long qc = q + (long) c * ROW;
                long kc = kg + c * 16L;
                FloatVector q0 = FloatVector.fromMemorySegment(F, ALL, qc, ORDER);
                FloatVector q1 = FloatVector.fromMemorySegment(F, ALL, qc + BYTES, ORDER);
                FloatVector k0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc));
                s00 = k0.fma(q0, s00);
                s01 = k0.fma(q1, s01);
                FloatVector k1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 4));
                s10 = k1.fma(q0, s10);
                s11 = k1.fma(q1, s11);
                FloatVector k2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 8));
                s20 = k2.fma(q0, s20);
                s21 = k2.fma(q1, s21);
                FloatVector k3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, kc + 12));
                s30 = k3.fma(q0, s30);
                s31 = k3.fma(q1, s31);
            }
            long sg = scores + g * (4L * ROW);
            if (accumulate) {
                FloatVector.fromMemorySegment(F, ALL, sg, ORDER).add(s00)
                        .intoMemorySegment(ALL, sg, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + BYTES, ORDER).add(s01)
                        .intoMemorySegment(ALL, sg + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW, ORDER).add(s10)
                        .intoMemorySegment(ALL, sg + ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + ROW + BYTES, ORDER).add(s11)
                        .intoMemorySegment(ALL, sg + ROW + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW, ORDER).add(s20)
                        .intoMemorySegment(ALL, sg + 2 * ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 2 * ROW + BYTES, ORDER).add(s21)
                        .intoMemorySegment(ALL, sg + 2 * ROW + BYTES, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW, ORDER).add(s30)
                        .intoMemorySegment(ALL, sg + 3 * ROW, ORDER);
                FloatVector.fromMemorySegment(F, ALL, sg + 3 * ROW + BYTES, ORDER).add(s31)
                        .intoMemorySegment(ALL, sg + 3 * ROW + BYTES, ORDER);
            } else {
                s00.intoMemorySegment(ALL, sg, ORDER);
                s01.intoMemorySegment(ALL, sg + BYTES, ORDER);
                s10.intoMemorySegment(ALL, sg + ROW, ORDER);
                s11.intoMemorySegment(ALL, sg + ROW + BYTES, ORDER);
                s20.intoMemorySegment(ALL, sg + 2 * ROW, ORDER);
                s21.intoMemorySegment(ALL, sg + 2 * ROW + BYTES, ORDER);
                s30.intoMemorySegment(ALL, sg + 3 * ROW, ORDER);
                s31.intoMemorySegment(ALL, sg + 3 * ROW + BYTES, ORDER);
            }
        }
    }

    /// Adds the values weighted by the scores: `output[4g + j] = alpha · output[4g + j] + Σ_k v[g][k][j] · scores[k]`.
    static void values2(long v, long groupStep, int groups, int keys, long scores, long alpha, long output) {
        for (int g = 0; g < groups; g++) {
            long vg = v + g * groupStep;
            long og = output + g * (4L * ROW);
            FloatVector a0 = FloatVector.fromMemorySegment(F, ALL, alpha, ORDER);
            FloatVector a1 = FloatVector.fromMemorySegment(F, ALL, alpha + BYTES, ORDER);
            FloatVector o00 = FloatVector.fromMemorySegment(F, ALL, og, ORDER).mul(a0);
            FloatVector o01 = FloatVector.fromMemorySegment(F, ALL, og + BYTES, ORDER).mul(a1);
            FloatVector o10 = FloatVector.fromMemorySegment(F, ALL, og + ROW, ORDER).mul(a0);
            FloatVector o11 = FloatVector.fromMemorySegment(F, ALL, og + ROW + BYTES, ORDER).mul(a1);
            FloatVector o20 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW, ORDER).mul(a0);
            FloatVector o21 = FloatVector.fromMemorySegment(F, ALL, og + 2 * ROW + BYTES, ORDER).mul(a1);
            FloatVector o30 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW, ORDER).mul(a0);
            FloatVector o31 = FloatVector.fromMemorySegment(F, ALL, og + 3 * ROW + BYTES, ORDER).mul(a1);
            for (int k = 0; k < keys; k++) {
                long sk = scores + (long) k * ROW;
                long vk = vg + k * 16L;
                FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, sk, ORDER);
                FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, sk + BYTES, ORDER);
                FloatVector v0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk));
                o00 = v0.fma(s0, o00);
                o01 = v0.fma(s1, o01);
                FloatVector v1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 4));
                o10 = v1.fma(s0, o10);
                o11 = v1.fma(s1, o11);
                FloatVector v2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 8));
                o20 = v2.fma(s0, o20);
                o21 = v2.fma(s1, o21);
                FloatVector v3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, vk + 12));
                o30 = v3.fma(s0, o30);
                o31 = v3.fma(s1, o31);
            }
            o00.intoMemorySegment(ALL, og, ORDER);
            o01.intoMemorySegment(ALL, og + BYTES, ORDER);
            o10.intoMemorySegment(ALL, og + ROW, ORDER);
            o11.intoMemorySegment(ALL, og + ROW + BYTES, ORDER);
            o20.intoMemorySegment(ALL, og + 2 * ROW, ORDER);
            o21.intoMemorySegment(ALL, og + 2 * ROW + BYTES, ORDER);
            o30.intoMemorySegment(ALL, og + 3 * ROW, ORDER);
            o31.intoMemorySegment(ALL, og + 3 * ROW + BYTES, ORDER);
        }
    }
}

package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The tiles of [BlockProduct#multiply], rows by vectors, with its arguments. Bodies are flat on purpose: every
/// accumulator is a register.
final class BlockTiles {
    static {
        CompilerDirectives.install();
    }

    private static final VectorSpecies<Float> F = Simd.SPECIES;
    /// Bytes of a vector.
    private static final long V = 4L * Simd.LANES;

    private BlockTiles() { }

    static void tile4x4(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c,
                        long ci, int rows) {
        for (int i = 0; i < rows; i += 4) {
            FloatVector c00 = FloatVector.fromMemorySegment(F, ALL, start, LE);
            FloatVector c01 = FloatVector.fromMemorySegment(F, ALL, start + V, LE);
            FloatVector c02 = FloatVector.fromMemorySegment(F, ALL, start + 2 * V, LE);
            FloatVector c03 = FloatVector.fromMemorySegment(F, ALL, start + 3 * V, LE);
            FloatVector c10 = FloatVector.fromMemorySegment(F, ALL, start + si, LE);
            FloatVector c11 = FloatVector.fromMemorySegment(F, ALL, start + si + V, LE);
            FloatVector c12 = FloatVector.fromMemorySegment(F, ALL, start + si + 2 * V, LE);
            FloatVector c13 = FloatVector.fromMemorySegment(F, ALL, start + si + 3 * V, LE);
            FloatVector c20 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si, LE);
            FloatVector c21 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + V, LE);
            FloatVector c22 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + 2 * V, LE);
            FloatVector c23 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + 3 * V, LE);
            FloatVector c30 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si, LE);
            FloatVector c31 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + V, LE);
            FloatVector c32 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + 2 * V, LE);
            FloatVector c33 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + 3 * V, LE);
            long x = a;
            long y = b;
            for (int p = 0; p < depth; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, y, LE);
                FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, y + V, LE);
                FloatVector b2 = FloatVector.fromMemorySegment(F, ALL, y + 2 * V, LE);
                FloatVector b3 = FloatVector.fromMemorySegment(F, ALL, y + 3 * V, LE);
                FloatVector a0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x));
                c00 = a0.fma(b0, c00);
                c01 = a0.fma(b1, c01);
                c02 = a0.fma(b2, c02);
                c03 = a0.fma(b3, c03);
                FloatVector a1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + ai));
                c10 = a1.fma(b0, c10);
                c11 = a1.fma(b1, c11);
                c12 = a1.fma(b2, c12);
                c13 = a1.fma(b3, c13);
                FloatVector a2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 2 * ai));
                c20 = a2.fma(b0, c20);
                c21 = a2.fma(b1, c21);
                c22 = a2.fma(b2, c22);
                c23 = a2.fma(b3, c23);
                FloatVector a3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 3 * ai));
                c30 = a3.fma(b0, c30);
                c31 = a3.fma(b1, c31);
                c32 = a3.fma(b2, c32);
                c33 = a3.fma(b3, c33);
                x += ap;
                y += bp;
            }
            c00.intoMemorySegment(ALL, c, LE);
            c01.intoMemorySegment(ALL, c + V, LE);
            c02.intoMemorySegment(ALL, c + 2 * V, LE);
            c03.intoMemorySegment(ALL, c + 3 * V, LE);
            c10.intoMemorySegment(ALL, c + ci, LE);
            c11.intoMemorySegment(ALL, c + ci + V, LE);
            c12.intoMemorySegment(ALL, c + ci + 2 * V, LE);
            c13.intoMemorySegment(ALL, c + ci + 3 * V, LE);
            c20.intoMemorySegment(ALL, c + 2 * ci, LE);
            c21.intoMemorySegment(ALL, c + 2 * ci + V, LE);
            c22.intoMemorySegment(ALL, c + 2 * ci + 2 * V, LE);
            c23.intoMemorySegment(ALL, c + 2 * ci + 3 * V, LE);
            c30.intoMemorySegment(ALL, c + 3 * ci, LE);
            c31.intoMemorySegment(ALL, c + 3 * ci + V, LE);
            c32.intoMemorySegment(ALL, c + 3 * ci + 2 * V, LE);
            c33.intoMemorySegment(ALL, c + 3 * ci + 3 * V, LE);
            a += 4 * ai;
            start += 4 * si;
            c += 4 * ci;
        }
    }

    static void tile8x3(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c,
                        long ci, int rows) {
        for (int i = 0; i < rows; i += 8) {
            FloatVector c00 = FloatVector.fromMemorySegment(F, ALL, start, LE);
            FloatVector c01 = FloatVector.fromMemorySegment(F, ALL, start + V, LE);
            FloatVector c02 = FloatVector.fromMemorySegment(F, ALL, start + 2 * V, LE);
            FloatVector c10 = FloatVector.fromMemorySegment(F, ALL, start + si, LE);
            FloatVector c11 = FloatVector.fromMemorySegment(F, ALL, start + si + V, LE);
            FloatVector c12 = FloatVector.fromMemorySegment(F, ALL, start + si + 2 * V, LE);
            FloatVector c20 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si, LE);
            FloatVector c21 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + V, LE);
            FloatVector c22 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + 2 * V, LE);
            FloatVector c30 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si, LE);
            FloatVector c31 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + V, LE);
            FloatVector c32 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + 2 * V, LE);
            FloatVector c40 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si, LE);
            FloatVector c41 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si + V, LE);
            FloatVector c42 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si + 2 * V, LE);
            FloatVector c50 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si, LE);
            FloatVector c51 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si + V, LE);
            FloatVector c52 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si + 2 * V, LE);
            FloatVector c60 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si, LE);
            FloatVector c61 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si + V, LE);
            FloatVector c62 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si + 2 * V, LE);
            FloatVector c70 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si, LE);
            FloatVector c71 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si + V, LE);
            FloatVector c72 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si + 2 * V, LE);
            long x = a;
            long y = b;
            for (int p = 0; p < depth; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, y, LE);
                FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, y + V, LE);
                FloatVector b2 = FloatVector.fromMemorySegment(F, ALL, y + 2 * V, LE);
                FloatVector a0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x));
                c00 = a0.fma(b0, c00);
                c01 = a0.fma(b1, c01);
                c02 = a0.fma(b2, c02);
                FloatVector a1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + ai));
                c10 = a1.fma(b0, c10);
                c11 = a1.fma(b1, c11);
                c12 = a1.fma(b2, c12);
                FloatVector a2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 2 * ai));
                c20 = a2.fma(b0, c20);
                c21 = a2.fma(b1, c21);
                c22 = a2.fma(b2, c22);
                FloatVector a3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 3 * ai));
                c30 = a3.fma(b0, c30);
                c31 = a3.fma(b1, c31);
                c32 = a3.fma(b2, c32);
                FloatVector a4 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 4 * ai));
                c40 = a4.fma(b0, c40);
                c41 = a4.fma(b1, c41);
                c42 = a4.fma(b2, c42);
                FloatVector a5 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 5 * ai));
                c50 = a5.fma(b0, c50);
                c51 = a5.fma(b1, c51);
                c52 = a5.fma(b2, c52);
                FloatVector a6 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 6 * ai));
                c60 = a6.fma(b0, c60);
                c61 = a6.fma(b1, c61);
                c62 = a6.fma(b2, c62);
                FloatVector a7 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 7 * ai));
                c70 = a7.fma(b0, c70);
                c71 = a7.fma(b1, c71);
                c72 = a7.fma(b2, c72);
                x += ap;
                y += bp;
            }
            c00.intoMemorySegment(ALL, c, LE);
            c01.intoMemorySegment(ALL, c + V, LE);
            c02.intoMemorySegment(ALL, c + 2 * V, LE);
            c10.intoMemorySegment(ALL, c + ci, LE);
            c11.intoMemorySegment(ALL, c + ci + V, LE);
            c12.intoMemorySegment(ALL, c + ci + 2 * V, LE);
            c20.intoMemorySegment(ALL, c + 2 * ci, LE);
            c21.intoMemorySegment(ALL, c + 2 * ci + V, LE);
            c22.intoMemorySegment(ALL, c + 2 * ci + 2 * V, LE);
            c30.intoMemorySegment(ALL, c + 3 * ci, LE);
            c31.intoMemorySegment(ALL, c + 3 * ci + V, LE);
            c32.intoMemorySegment(ALL, c + 3 * ci + 2 * V, LE);
            c40.intoMemorySegment(ALL, c + 4 * ci, LE);
            c41.intoMemorySegment(ALL, c + 4 * ci + V, LE);
            c42.intoMemorySegment(ALL, c + 4 * ci + 2 * V, LE);
            c50.intoMemorySegment(ALL, c + 5 * ci, LE);
            c51.intoMemorySegment(ALL, c + 5 * ci + V, LE);
            c52.intoMemorySegment(ALL, c + 5 * ci + 2 * V, LE);
            c60.intoMemorySegment(ALL, c + 6 * ci, LE);
            c61.intoMemorySegment(ALL, c + 6 * ci + V, LE);
            c62.intoMemorySegment(ALL, c + 6 * ci + 2 * V, LE);
            c70.intoMemorySegment(ALL, c + 7 * ci, LE);
            c71.intoMemorySegment(ALL, c + 7 * ci + V, LE);
            c72.intoMemorySegment(ALL, c + 7 * ci + 2 * V, LE);
            a += 8 * ai;
            start += 8 * si;
            c += 8 * ci;
        }
    }

    static void tile8x2(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c,
                        long ci, int rows) {
        for (int i = 0; i < rows; i += 8) {
            FloatVector c00 = FloatVector.fromMemorySegment(F, ALL, start, LE);
            FloatVector c01 = FloatVector.fromMemorySegment(F, ALL, start + V, LE);
            FloatVector c10 = FloatVector.fromMemorySegment(F, ALL, start + si, LE);
            FloatVector c11 = FloatVector.fromMemorySegment(F, ALL, start + si + V, LE);
            FloatVector c20 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si, LE);
            FloatVector c21 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + V, LE);
            FloatVector c30 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si, LE);
            FloatVector c31 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + V, LE);
            FloatVector c40 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si, LE);
            FloatVector c41 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si + V, LE);
            FloatVector c50 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si, LE);
            FloatVector c51 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si + V, LE);
            FloatVector c60 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si, LE);
            FloatVector c61 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si + V, LE);
            FloatVector c70 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si, LE);
            FloatVector c71 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si + V, LE);
            long x = a;
            long y = b;
            for (int p = 0; p < depth; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, y, LE);
                FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, y + V, LE);
                FloatVector a0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x));
                c00 = a0.fma(b0, c00);
                c01 = a0.fma(b1, c01);
                FloatVector a1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + ai));
                c10 = a1.fma(b0, c10);
                c11 = a1.fma(b1, c11);
                FloatVector a2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 2 * ai));
                c20 = a2.fma(b0, c20);
                c21 = a2.fma(b1, c21);
                FloatVector a3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 3 * ai));
                c30 = a3.fma(b0, c30);
                c31 = a3.fma(b1, c31);
                FloatVector a4 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 4 * ai));
                c40 = a4.fma(b0, c40);
                c41 = a4.fma(b1, c41);
                FloatVector a5 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 5 * ai));
                c50 = a5.fma(b0, c50);
                c51 = a5.fma(b1, c51);
                FloatVector a6 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 6 * ai));
                c60 = a6.fma(b0, c60);
                c61 = a6.fma(b1, c61);
                FloatVector a7 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 7 * ai));
                c70 = a7.fma(b0, c70);
                c71 = a7.fma(b1, c71);
                x += ap;
                y += bp;
            }
            c00.intoMemorySegment(ALL, c, LE);
            c01.intoMemorySegment(ALL, c + V, LE);
            c10.intoMemorySegment(ALL, c + ci, LE);
            c11.intoMemorySegment(ALL, c + ci + V, LE);
            c20.intoMemorySegment(ALL, c + 2 * ci, LE);
            c21.intoMemorySegment(ALL, c + 2 * ci + V, LE);
            c30.intoMemorySegment(ALL, c + 3 * ci, LE);
            c31.intoMemorySegment(ALL, c + 3 * ci + V, LE);
            c40.intoMemorySegment(ALL, c + 4 * ci, LE);
            c41.intoMemorySegment(ALL, c + 4 * ci + V, LE);
            c50.intoMemorySegment(ALL, c + 5 * ci, LE);
            c51.intoMemorySegment(ALL, c + 5 * ci + V, LE);
            c60.intoMemorySegment(ALL, c + 6 * ci, LE);
            c61.intoMemorySegment(ALL, c + 6 * ci + V, LE);
            c70.intoMemorySegment(ALL, c + 7 * ci, LE);
            c71.intoMemorySegment(ALL, c + 7 * ci + V, LE);
            a += 8 * ai;
            start += 8 * si;
            c += 8 * ci;
        }
    }

    static void tile4x2(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c,
                        long ci, int rows) {
        for (int i = 0; i < rows; i += 4) {
            FloatVector c00 = FloatVector.fromMemorySegment(F, ALL, start, LE);
            FloatVector c01 = FloatVector.fromMemorySegment(F, ALL, start + V, LE);
            FloatVector c10 = FloatVector.fromMemorySegment(F, ALL, start + si, LE);
            FloatVector c11 = FloatVector.fromMemorySegment(F, ALL, start + si + V, LE);
            FloatVector c20 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si, LE);
            FloatVector c21 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si + V, LE);
            FloatVector c30 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si, LE);
            FloatVector c31 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si + V, LE);
            long x = a;
            long y = b;
            for (int p = 0; p < depth; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, y, LE);
                FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, y + V, LE);
                FloatVector a0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x));
                c00 = a0.fma(b0, c00);
                c01 = a0.fma(b1, c01);
                FloatVector a1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + ai));
                c10 = a1.fma(b0, c10);
                c11 = a1.fma(b1, c11);
                FloatVector a2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 2 * ai));
                c20 = a2.fma(b0, c20);
                c21 = a2.fma(b1, c21);
                FloatVector a3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 3 * ai));
                c30 = a3.fma(b0, c30);
                c31 = a3.fma(b1, c31);
                x += ap;
                y += bp;
            }
            c00.intoMemorySegment(ALL, c, LE);
            c01.intoMemorySegment(ALL, c + V, LE);
            c10.intoMemorySegment(ALL, c + ci, LE);
            c11.intoMemorySegment(ALL, c + ci + V, LE);
            c20.intoMemorySegment(ALL, c + 2 * ci, LE);
            c21.intoMemorySegment(ALL, c + 2 * ci + V, LE);
            c30.intoMemorySegment(ALL, c + 3 * ci, LE);
            c31.intoMemorySegment(ALL, c + 3 * ci + V, LE);
            a += 4 * ai;
            start += 4 * si;
            c += 4 * ci;
        }
    }

    static void tile8x1(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c,
                        long ci, int rows) {
        for (int i = 0; i < rows; i += 8) {
            FloatVector c00 = FloatVector.fromMemorySegment(F, ALL, start, LE);
            FloatVector c10 = FloatVector.fromMemorySegment(F, ALL, start + si, LE);
            FloatVector c20 = FloatVector.fromMemorySegment(F, ALL, start + 2 * si, LE);
            FloatVector c30 = FloatVector.fromMemorySegment(F, ALL, start + 3 * si, LE);
            FloatVector c40 = FloatVector.fromMemorySegment(F, ALL, start + 4 * si, LE);
            FloatVector c50 = FloatVector.fromMemorySegment(F, ALL, start + 5 * si, LE);
            FloatVector c60 = FloatVector.fromMemorySegment(F, ALL, start + 6 * si, LE);
            FloatVector c70 = FloatVector.fromMemorySegment(F, ALL, start + 7 * si, LE);
            long x = a;
            long y = b;
            for (int p = 0; p < depth; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, y, LE);
                FloatVector a0 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x));
                c00 = a0.fma(b0, c00);
                FloatVector a1 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + ai));
                c10 = a1.fma(b0, c10);
                FloatVector a2 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 2 * ai));
                c20 = a2.fma(b0, c20);
                FloatVector a3 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 3 * ai));
                c30 = a3.fma(b0, c30);
                FloatVector a4 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 4 * ai));
                c40 = a4.fma(b0, c40);
                FloatVector a5 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 5 * ai));
                c50 = a5.fma(b0, c50);
                FloatVector a6 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 6 * ai));
                c60 = a6.fma(b0, c60);
                FloatVector a7 = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, x + 7 * ai));
                c70 = a7.fma(b0, c70);
                x += ap;
                y += bp;
            }
            c00.intoMemorySegment(ALL, c, LE);
            c10.intoMemorySegment(ALL, c + ci, LE);
            c20.intoMemorySegment(ALL, c + 2 * ci, LE);
            c30.intoMemorySegment(ALL, c + 3 * ci, LE);
            c40.intoMemorySegment(ALL, c + 4 * ci, LE);
            c50.intoMemorySegment(ALL, c + 5 * ci, LE);
            c60.intoMemorySegment(ALL, c + 6 * ci, LE);
            c70.intoMemorySegment(ALL, c + 7 * ci, LE);
            a += 8 * ai;
            start += 8 * si;
            c += 8 * ci;
        }
    }
}

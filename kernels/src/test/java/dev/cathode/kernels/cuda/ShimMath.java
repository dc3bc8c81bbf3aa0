package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.blas.Product.Operand;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Map;

/// Products of matrices, convolutions and attention in the memory of a [ShimProcess], computed by this process. As
/// strict as NVIDIA's libraries about what goes where, and stricter: all of it must be in buffers, aligned to 16 bytes,
/// and results may not lie over factors.
final class ShimMath {
    private static final int ALIGNMENT = Matmul.ALIGNMENT;
    /// One more than the largest number of a tensor.
    private static final int MOST_TENSORS = Math.toIntExact(AttentionTask.V_GRADIENT) + 1;

    private final ShimProcess process;
    private final ShimHeap heap;
    private final MethodHandle product;
    private final MethodHandle convolution;
    private final MethodHandle attention;

    @SuppressWarnings("restricted")
    ShimMath(ShimCompiler compiler, ShimProcess process, ShimHeap heap, Arena arena) {
        this.process = process;
        this.heap = heap;
        var library = SymbolLookup.libraryLookup(compiler.math(), arena);
        var linker = Linker.nativeLinker();
        product = linker.downcallHandle(library.findOrThrow("shim_product"), FunctionDescriptor.ofVoid(JAVA_LONG,
                JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT,
                ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        convolution = linker.downcallHandle(library.findOrThrow("shim_convolution"), FunctionDescriptor.ofVoid(JAVA_INT,
                ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
        attention = linker.downcallHandle(library.findOrThrow("shim_attention"), FunctionDescriptor.ofVoid(ADDRESS,
                JAVA_INT, JAVA_FLOAT, JAVA_INT, ADDRESS));
    }

    /// `type` in `shim_math.cpp`
    private static int type(Element element) {
        return switch (element) {
            case FLOAT32 -> 0;
            case BFLOAT16 -> 1;
            case FLOAT16 -> 2;
        };
    }

    /// Where a tensor is in this process; the null pointer for address 0.
    private MemorySegment at(long address, long bytes, String what) {
        if (address == 0) {
            return MemorySegment.NULL;
        }
        if (address % ALIGNMENT != 0) {
            throw new IllegalArgumentException(what + " at " + Long.toHexString(address) + " is not aligned to "
                    + ALIGNMENT + " bytes");
        }
        heap.check(address, bytes, what);
        return process.at(address, bytes);
    }

    private static void checkApart(MemorySegment one, MemorySegment other, String what) {
        if (one.asOverlappingSlice(other).isPresent()) {
            throw new IllegalArgumentException("the result lies over " + what);
        }
    }

    private static void checkGiven(boolean wanted, long address, String what) {
        if (wanted == (address == 0)) {
            throw new IllegalArgumentException("the address of " + what + " is " + address);
        }
    }

    void run(Product p, Matmul.Addresses where) {
        boolean added = p.epilogue() == Product.Epilogue.BIAS || p.epilogue() == Product.Epilogue.BIAS_TANH_GELU;
        boolean gradient = p.epilogue() == Product.Epilogue.BIAS_GRADIENT;
        boolean gelu = p.epilogue() == Product.Epilogue.TANH_GELU || p.epilogue() == Product.Epilogue.BIAS_TANH_GELU;
        checkGiven(added || gradient, where.bias(), "the bias of " + p);
        if (where.residual() != 0 && gelu || gradient && p.batch() > 1) {
            throw new IllegalArgumentException("cuBLASLt does not do this: " + p);
        }
        MemorySegment a = at(where.a(), p.aNumbers() * p.element().bytes(), "the first factor");
        MemorySegment b = at(where.b(), p.bNumbers() * p.element().bytes(), "the second factor");
        long bytes = p.outNumbers() * p.outElement().bytes();
        MemorySegment out = at(where.out(), bytes, "the product");
        MemorySegment residual = at(where.residual(), bytes, "the residual");
        MemorySegment bias = at(where.bias(), p.biasNumbers() * p.outElement().bytes(), "the bias");
        checkApart(out, a, "the first factor");
        checkApart(out, b, "the second factor");
        if (where.residual() != 0 && where.residual() != where.out()) {
            checkApart(out, residual, "the residual");
        }
        if (where.bias() != 0) {
            checkApart(out, bias, "the bias");
        }
        for (int i = 0; i < p.batch(); i++) {
            multiply(p, slice(a, i, p.a(), p.element()), slice(b, i, p.b(), p.element()),
                    slice(out, i, p.out(), p.outElement()), where.residual() == 0 ? residual
                            : slice(residual, i, p.out(), p.outElement()), bias,
                    (added ? 1 : 0) | (gelu ? 2 : 0) | (gradient ? 4 : 0));
        }
    }

    private static MemorySegment slice(MemorySegment all, int batch, Operand operand, Element element) {
        return all.asSlice(batch * operand.batchStride() * element.bytes());
    }

    private void multiply(Product p, MemorySegment a, MemorySegment b, MemorySegment out, MemorySegment residual,
                          MemorySegment bias, int epilogue) {
        try {
            product.invokeExact(p.m(), p.n(), p.k(),
                    a, p.a().transposed() ? 1 : p.a().stride(), p.a().transposed() ? p.a().stride() : 1,
                    b, p.b().transposed() ? 1 : p.b().stride(), p.b().transposed() ? p.b().stride() : 1,
                    type(p.element()), p.tf32() && p.element() == Element.FLOAT32 ? 1 : 0,
                    out, p.out().stride(), type(p.outElement()), residual, bias, epilogue);
        } catch (Throwable e) {
            throw new IllegalStateException(p.toString(), e);
        }
    }

    void run(ConvolutionTask t, Map<Long, Long> tensors) {
        MemorySegment[] at = at(t.tensors(), tensors, t);
        MemorySegment x = at[(int) ConvolutionTask.INPUT];
        MemorySegment w = at[(int) ConvolutionTask.WEIGHTS];
        MemorySegment y = at[(int) ConvolutionTask.OUTPUT];
        checkApart(x, y, "the input");
        checkApart(x, w, "the input");
        checkApart(w, y, "the weights");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocateFrom(JAVA_LONG, t.batch(), t.inputs(), t.height(), t.width(),
                    t.outputs(), t.outHeight(), t.outWidth(), t.rows().kernel(), t.rows().stride(),
                    t.rows().paddingBefore(), t.columns().kernel(), t.columns().stride(),
                    t.columns().paddingBefore());
            convolution.invokeExact(t.work().ordinal(), sizes, type(t.element()), x, w, y,
                    at[(int) ConvolutionTask.BIAS], at[(int) ConvolutionTask.SAMPLE_BIAS], t.epilogue().silu() ? 1 : 0,
                    at[(int) ConvolutionTask.RESIDUAL]);
        } catch (Throwable e) {
            throw new IllegalStateException(t.toString(), e);
        }
    }

    /// Where tensors are, by their numbers; the null pointer for those that are not wanted.
    ///
    /// @param wanted bytes by number
    /// @param given addresses by number
    private MemorySegment[] at(Map<Long, Long> wanted, Map<Long, Long> given, Record task) {
        if (!wanted.keySet().equals(given.keySet())) {
            throw new IllegalArgumentException("the tensors " + given.keySet() + " are given to " + task);
        }
        MemorySegment[] at = new MemorySegment[MOST_TENSORS];
        Arrays.fill(at, MemorySegment.NULL);
        wanted.forEach((id, bytes) -> at[Math.toIntExact(id)] = at(given.get(id), bytes, "tensor " + id));
        return at;
    }

    void run(AttentionTask t, Map<Long, Long> tensors) {
        MemorySegment[] at = at(t.tensors(), tensors, t);
        int firstResult = Math.toIntExact(t.work() == AttentionTask.Work.GRADIENT ? AttentionTask.Q_GRADIENT
                : AttentionTask.OUTPUT);
        for (int result = firstResult; result < MOST_TENSORS; result++) {
            for (int other = 1; other < result; other++) {
                checkApart(at[result], at[other], "tensor " + other);
            }
        }
        var shape = t.shape();
        var strides = t.strides();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocateFrom(JAVA_LONG, shape.batch(), shape.heads(), shape.queries(),
                    shape.keys(), shape.headSize(), strides.q(), strides.k(), strides.v(), strides.output(),
                    strides.outputGradient());
            MemorySegment addresses = arena.allocate(ADDRESS, MOST_TENSORS - 1);
            for (int i = 1; i < MOST_TENSORS; i++) {
                addresses.setAtIndex(ADDRESS, i - 1, at[i]);
            }
            attention.invokeExact(sizes, type(t.element()), shape.scale(),
                    t.work() == AttentionTask.Work.GRADIENT ? 1 : 0, addresses);
        } catch (Throwable e) {
            throw new IllegalStateException(t.toString(), e);
        }
    }
}

package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Strides;
import dev.cathode.kernels.cuda.dnn.AttentionTask.Work;
import org.junit.jupiter.api.Test;

class AttentionTaskTest {
    private static final Attention.Shape SHAPE = new Attention.Shape(2, 8, 64, 77, 40, false, false, 0.158f);

    @Test
    void rowsWithoutGapsAreAllHeads() {
        assertEquals(new Strides(320, 320, 320, 320, 320), Strides.contiguous(SHAPE));
    }

    @Test
    void rowsHoldAllHeads() {
        Strides noGradient = new Strides(960, 640, 640, 320, 0);
        AttentionTask forward = new AttentionTask(Work.FORWARD, SHAPE, noGradient, Element.BFLOAT16);
        assertEquals(forward, forward.with(Work.FORWARD_WITH_STATISTICS).with(Work.FORWARD));
        assertThrows(IllegalArgumentException.class, () -> forward.with(Work.GRADIENT));
        assertThrows(IllegalArgumentException.class, () -> new AttentionTask(Work.FORWARD, SHAPE,
                new Strides(320, 319, 320, 320, 320), Element.BFLOAT16));
    }

    @Test
    void whatIsNoAttentionIsRefused() {
        Attention.Shape nothing = new Attention.Shape(2, 8, 0, 77, 40, false, false, 1);
        assertThrows(IllegalArgumentException.class, () -> new AttentionTask(Work.FORWARD, nothing,
                Strides.contiguous(nothing), Element.FLOAT16));
    }

    @Test
    void cudnnIsNotAskedForWhatItDoesWrong() {
        AttentionTask gradient = new AttentionTask(Work.GRADIENT, SHAPE, Strides.contiguous(SHAPE), Element.BFLOAT16);
        assertTrue(gradient.supported(92400));
        assertFalse(gradient.supported(91500));
        assertTrue(gradient.with(Work.FORWARD).supported(90100));
        assertFalse(gradient.with(Work.FORWARD).supported(91001));
        Attention.Shape blocks = new Attention.Shape(2, 8, 64, 256, 40, false, false, 1);
        AttentionTask full = new AttentionTask(Work.GRADIENT, blocks, Strides.contiguous(blocks), Element.FLOAT16);
        assertTrue(full.supported(90600));
        assertFalse(full.supported(90501));
        assertFalse(new AttentionTask(Work.FORWARD, blocks, Strides.contiguous(blocks), Element.FLOAT32)
                .supported(92400));
    }
}

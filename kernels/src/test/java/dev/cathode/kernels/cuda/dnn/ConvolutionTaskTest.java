package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Axis;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Epilogue;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Work;
import org.junit.jupiter.api.Test;

class ConvolutionTaskTest {
    @Test
    void sizesOfTheOutput() {
        ConvolutionTask same = ConvolutionTask.same(2, 4, 9, 7, 8, 3, Element.FLOAT32, Epilogue.NONE);
        assertEquals(9, same.outHeight());
        assertEquals(7, same.outWidth());
        ConvolutionTask down = new ConvolutionTask(Work.FORWARD, 1, 4, 64, 31, 8, new Axis(3, 2, 0, 1),
                new Axis(3, 2, 0, 1), Element.FLOAT32, Epilogue.NONE);
        assertEquals(32, down.outHeight());
        assertEquals(15, down.outWidth());
        ConvolutionTask flat = new ConvolutionTask(Work.FORWARD, 1, 4, 9, 9, 8, new Axis(1, 1, 0, 0),
                new Axis(7, 2, 3, 3), Element.FLOAT32, Epilogue.NONE);
        assertEquals(9, flat.outHeight());
        assertEquals(5, flat.outWidth());
    }

    @Test
    void whatIsNoConvolutionIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ConvolutionTask.same(0, 1, 1, 1, 1, 3, Element.FLOAT32,
                Epilogue.NONE));
        assertThrows(IllegalArgumentException.class, () -> new ConvolutionTask(Work.FORWARD, 1, 8, 2, 8, 8,
                new Axis(3, 1, 0, 0), new Axis(3, 1, 1, 1), Element.FLOAT32, Epilogue.NONE));
        assertThrows(IllegalArgumentException.class, () -> new ConvolutionTask(Work.WEIGHT_GRADIENT, 1, 8, 8, 8, 8,
                new Axis(3, 1, 1, 1), new Axis(3, 1, 1, 1), Element.FLOAT32, Epilogue.BIAS));
    }
}

package dev.cathode.engine.runtime.cuda;

import dev.cathode.kernels.cuda.CudaElementwise;
import dev.cathode.kernels.cuda.CudaEmbedding;
import dev.cathode.kernels.cuda.CudaGroupNorm;
import dev.cathode.kernels.cuda.CudaLayerNorm;
import dev.cathode.kernels.cuda.CudaLayout;
import dev.cathode.kernels.cuda.CudaReduction;
import dev.cathode.kernels.cuda.CudaResample;
import dev.cathode.kernels.cuda.CudaSoftmax;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.KernelLauncher;

/// Our kernels for one type of numbers.
record KernelSet(CudaElementwise elementwise, CudaGroupNorm groupNorm, CudaLayerNorm layerNorm, CudaSoftmax softmax,
                 CudaLayout layout, CudaResample resample, CudaEmbedding embedding, CudaReduction reduction) {
    static KernelSet of(KernelLauncher launcher, Element element) {
        return new KernelSet(new CudaElementwise(launcher, element), new CudaGroupNorm(launcher, element),
                new CudaLayerNorm(launcher, element), new CudaSoftmax(launcher, element),
                new CudaLayout(launcher, element), new CudaResample(launcher, element),
                new CudaEmbedding(launcher, element), new CudaReduction(launcher, element));
    }
}

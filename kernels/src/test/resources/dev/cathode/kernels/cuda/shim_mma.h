// What the lanes of a warp bring to products of matrices.
#pragma once

struct shim_mma_payload {
    unsigned int a[4], b[2];
    float c[4];
    bool half; // float16 rather than bfloat16
};

struct shim_ldmatrix_payload {
    const void* row;
    bool transposed;
    unsigned int words[4];
};

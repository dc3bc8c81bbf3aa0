// cuBLASLt's matrix product in plain C, for tests: float32, column-major as NVIDIA documents it, and strict about the
// sizes of attributes. Enough to see that a row-major product, its strides, epilogues and residual arrive as meant. The
// stream must be 77 and the workspace at 88, unless compiled with -DANYWHERE.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OK, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };

typedef struct { int32_t compute, scale, transposeA, transposeB, epilogue; float* vector; } Operation;
typedef struct { int32_t type, batch; uint64_t rows, columns; int64_t stride, batchStride; } Layout;
typedef struct { uint64_t workspace; uint32_t alignment[4]; } Preference;
typedef struct { uint64_t data[8]; } Algorithm;
typedef struct { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; } Result;

static int set(void* field, size_t bytes, const void* value, size_t given) {
    if (given != bytes) return INVALID_VALUE;
    memcpy(field, value, bytes);
    return OK;
}
static int get(const void* field, size_t bytes, void* value, size_t given, size_t* written) {
    *written = bytes;
    return set(value, given, field, bytes);
}

const char* cublasLtGetStatusName(int status) { return status == INVALID_VALUE ? "INVALID_VALUE" : "OTHER"; }
const char* cublasLtGetStatusString(int status) { return status == INVALID_VALUE ? "an invalid value" : "other"; }
size_t cublasLtGetVersion(void) { return 130000; }
size_t cublasLtGetCudartVersion(void) { return 13000; }
int cublasLtCreate(void** handle) { *handle = malloc(1); return OK; }
int cublasLtDestroy(void* handle) { free(handle); return OK; }

int cublasLtMatmulDescCreate(Operation** out, int compute, int scale) {
    *out = calloc(1, sizeof(Operation));
    (*out)->compute = compute;
    (*out)->scale = scale;
    (*out)->epilogue = 1;
    return OK;
}
int cublasLtMatmulDescDestroy(Operation* operation) { free(operation); return OK; }
static void* operationField(Operation* operation, int attribute, size_t* bytes) {
    *bytes = 4;
    switch (attribute) {
        case 0: return &operation->compute;
        case 1: return &operation->scale;
        case 3: return &operation->transposeA;
        case 4: return &operation->transposeB;
        case 7: return &operation->epilogue;
        case 8: *bytes = 8; return &operation->vector;
        default: return NULL;
    }
}
int cublasLtMatmulDescSetAttribute(Operation* operation, int attribute, const void* value, size_t bytes) {
    size_t own;
    void* field = operationField(operation, attribute, &own);
    return field ? set(field, own, value, bytes) : INVALID_VALUE;
}
int cublasLtMatmulDescGetAttribute(Operation* operation, int attribute, void* value, size_t bytes, size_t* written) {
    size_t own;
    void* field = operationField(operation, attribute, &own);
    return field ? get(field, own, value, bytes, written) : INVALID_VALUE;
}

int cublasLtMatrixLayoutCreate(Layout** out, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    *out = calloc(1, sizeof(Layout));
    **out = (Layout) {.type = type, .batch = 1, .rows = rows, .columns = columns, .stride = stride};
    return (uint64_t) stride >= rows ? OK : INVALID_VALUE;
}
int cublasLtMatrixLayoutDestroy(Layout* layout) { free(layout); return OK; }
int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, size_t bytes) {
    return attribute == 5 ? set(&layout->batch, 4, value, bytes) : attribute == 6
            ? set(&layout->batchStride, 8, value, bytes) : INVALID_VALUE;
}
int cublasLtMatrixLayoutGetAttribute(Layout* layout, int attribute, void* value, size_t bytes, size_t* written) {
    return attribute == 5 ? get(&layout->batch, 4, value, bytes, written) : INVALID_VALUE;
}

int cublasLtMatmulPreferenceCreate(Preference** out) { *out = calloc(1, sizeof(Preference)); return OK; }
int cublasLtMatmulPreferenceDestroy(Preference* preference) { free(preference); return OK; }
int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t bytes) {
    return attribute == 1 ? set(&preference->workspace, 8, value, bytes) : attribute >= 5 && attribute <= 8
            ? set(&preference->alignment[attribute - 5], 4, value, bytes) : INVALID_VALUE;
}

static int needsVector(const Operation* operation) { return (operation->epilogue & (4 | 512)) != 0; }

// Three results: one good, one that is not supported after all, one good.
int cublasLtMatmulAlgoGetHeuristic(void* handle, Operation* operation, Layout* a, Layout* b, Layout* c, Layout* d,
                                   Preference* preference, int wanted, Result* results, int* count) {
    if (!handle || !a || !b || c != d || needsVector(operation) != (operation->vector != NULL)) return INVALID_VALUE;
    for (int i = 0; i < 4; i++) {
        if (preference->alignment[i] != 16) return INVALID_VALUE;
    }
    *count = preference->workspace < 1024 ? 0 : wanted < 3 ? wanted : 3;
    for (int i = 0; i < *count; i++) {
        results[i] = (Result) {.algorithm = {{42, i, 0, 0, 0, 0, 0, 43}}, .workspace = 512 * (i + 1),
                               .state = i == 1 ? NOT_SUPPORTED : OK, .waves = 0.25f * (i + 1)};
    }
    return OK;
}

int cublasLtMatmulAlgoCheck(void* handle, Operation* operation, Layout* a, Layout* b, Layout* c, Layout* d,
                            const Algorithm* algorithm, Result* result) {
    if (!handle || !a || !b || c != d || needsVector(operation) != (operation->vector != NULL)
            || algorithm->data[0] != 42 || algorithm->data[7] != 43) return INVALID_VALUE;
    *result = (Result) {.algorithm = *algorithm, .workspace = 512 * (algorithm->data[1] + 1),
                        .waves = 0.25f * (algorithm->data[1] + 1)};
    return OK;
}

static float element(const float* matrix, const Layout* layout, int transposed, uint64_t row, uint64_t column) {
    return transposed ? matrix[column + row * layout->stride] : matrix[row + column * layout->stride];
}

int cublasLtMatmul(void* handle, Operation* operation, const float* alpha, const float* a, Layout* la, const float* b,
                   Layout* lb, const float* beta, const float* c, Layout* lc, float* d, Layout* ld,
                   const Algorithm* algorithm, void* workspace, size_t workspaceBytes, void* stream) {
    int ta = operation->transposeA, tb = operation->transposeB;
    uint64_t m = ld->rows, n = ld->columns, k = ta ? la->rows : la->columns;
#ifdef ANYWHERE
    if (stream && workspace) stream = (void*) 77, workspace = (void*) 88;
#endif
    if (!handle || stream != (void*) 77 || algorithm->data[0] != 42 || algorithm->data[7] != 43
            || workspaceBytes != 512 * (algorithm->data[1] + 1) || workspace != (void*) 88 || lc != ld
            || (ta ? la->columns : la->rows) != m || (tb ? lb->rows : lb->columns) != n
            || (tb ? lb->columns : lb->rows) != k || la->batch != ld->batch || lb->batch != ld->batch) {
        return INVALID_VALUE;
    }
    for (int batch = 0; batch < ld->batch; batch++) {
        const float* x = a + batch * la->batchStride;
        const float* y = b + batch * lb->batchStride;
        for (uint64_t j = 0; j < n; j++) {
            double reduced = 0;
            for (uint64_t l = 0; l < k; l++) reduced += element(y, lb, tb, l, j);
            if (operation->epilogue & 512) operation->vector[j] = (float) reduced;
            for (uint64_t i = 0; i < m; i++) {
                uint64_t at = i + j * ld->stride + batch * ld->batchStride;
                double sum = 0;
                for (uint64_t l = 0; l < k; l++) sum += (double) element(x, la, ta, i, l) * element(y, lb, tb, l, j);
                sum = *alpha * sum + (*beta == 0 ? 0 : *beta * c[at]);
                if (operation->epilogue & 4) sum += operation->vector[i];
                if (operation->epilogue & 32) {
                    sum = 0.5 * sum * (1 + tanh(0.7978845608028654 * (sum + 0.044715 * sum * sum * sum)));
                }
                d[at] = (float) sum;
            }
        }
    }
    return OK;
}

// cuDNN's backend without a GPU, for tests: bags of attributes, three suggestions of which one turns out not to work, and
// plans that write their own number where the output goes. Descriptors that are not given back are counted; graphs of
// three operations, such as a convolution with bias and residual, have no engine, and plans for four are slow: they have
// the fake driver work, whose clock counts that.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK, BAD = 2000, NOT_SUPPORTED = 3000 };
enum { ENGINE = 2, CONFIGURATION = 3, HEURISTICS = 4, PLAN = 5, VARIABLES = 16, POINTWISE = 13, GRAPH = 15, DEVICE = 38 };

typedef struct { int name; int64_t count; void* values; } Attribute;
typedef struct { int kind, finished, number, operations; Attribute attributes[16]; } Descriptor;

static const size_t SIZES[] = {8, 4, 1, 8, 4, 8, 8, 4, 4, 4, 4, 4, 4, 4, 4, 8, 4, 4, 4, 4, 4, 4, 4, 4, 1};
static int live;
static char message[256];

size_t cudnnGetVersion(void) { return 92400; }
size_t cudnnGetCudartVersion(void) { return 13000; }
const char* cudnnGetErrorString(int code) { return code == BAD ? "BAD" : "NOT_SUPPORTED"; }
void cudnnGetLastErrorString(char* text, size_t bytes) { snprintf(text, bytes, "%s", message); }
typedef struct { void* stream; } Handle;
int cudnnCreate(Handle** out) { *out = calloc(1, sizeof(Handle)); live++; return OK; }
int cudnnDestroy(Handle* handle) { free(handle); live--; return OK; }
int cudnnSetStream(Handle* handle, void* stream) { handle->stream = stream; return stream ? OK : BAD; }

static int refuse(int code, const char* why) {
    snprintf(message, sizeof message, "%s", why);
    return code;
}

int cudnnBackendCreateDescriptor(int kind, Descriptor** out) {
    *out = calloc(1, sizeof(Descriptor));
    (*out)->kind = kind;
    live++;
    return OK;
}
int cudnnBackendDestroyDescriptor(Descriptor* d) {
    for (int i = 0; i < 16; i++) free(d->attributes[i].values);
    free(d);
    live--;
    return OK;
}
static Attribute* find(Descriptor* d, int name) {
    for (int i = 0; i < 16; i++) {
        if (d->attributes[i].name == name && d->attributes[i].values) return &d->attributes[i];
    }
    return NULL;
}
int cudnnBackendSetAttribute(Descriptor* d, int name, int type, int64_t count, const void* values) {
    if (d->finished) return refuse(BAD, "finalized already");
    for (int i = 0; i < 16; i++) {
        Attribute* a = &d->attributes[i];
        if (!a->values) {
            a->name = name;
            a->count = count;
            a->values = malloc(count * SIZES[type] + 1);
            memcpy(a->values, values, count * SIZES[type]);
            return OK;
        }
    }
    return refuse(BAD, "too many attributes");
}
int cudnnBackendFinalize(Descriptor* d) {
    d->finished = 1;
    if (d->kind == GRAPH) {
        d->number = (int) find(d, 801)->count; // operations
    } else if (d->kind == HEURISTICS) {
        Descriptor* graph = *(Descriptor**) find(d, 201)->values;
        d->operations = graph->number;
        return graph->number == 3 ? refuse(NOT_SUPPORTED, "too many operations") : OK;
    } else if (d->kind == PLAN) {
        Attribute* text = find(d, 405);
        if (text) {
            return sscanf(text->values, "plan %d of %d", &d->number, &d->operations) == 2 ? OK : refuse(BAD, "no plan of mine");
        }
        d->number = (*(Descriptor**) find(d, 401)->values)->number;
        d->operations = (*(Descriptor**) find(d, 401)->values)->operations;
        return d->number == 1 ? refuse(NOT_SUPPORTED, "not after all") : OK;
    }
    return OK;
}
static int answer(const char* text, int64_t room, int64_t* count, char* out) {
    *count = (int64_t) strlen(text) + 1;
    if (out && room) memcpy(out, text, room < *count ? room : *count);
    return OK;
}
int cudnnBackendGetAttribute(Descriptor* d, int name, int type, int64_t room, int64_t* count, void* out) {
    char text[64];
    if (!d->finished || SIZES[type] == 0) return refuse(BAD, "not finalized");
    if (d->kind == HEURISTICS && name == 202) {
        *count = 3;
        for (int i = 0; i < room; i++) {
            Descriptor* configuration = ((Descriptor**) out)[i];
            configuration->number = i;
            configuration->operations = d->operations;
            configuration->finished = 1;
        }
        return OK;
    }
    if (d->kind == CONFIGURATION && name == 300) {
        (*(Descriptor**) out)->number = d->number;
        (*(Descriptor**) out)->finished = 1;
        *count = 1;
        return OK;
    }
    if (d->kind == ENGINE && name == 1303) { // strict about NaN, and what the first suggestion says beside that
        ((int32_t*) out)[0] = 9;
        ((int32_t*) out)[1] = 4;
        *count = d->number == 0 ? 2 : 1;
        return room >= 2 ? OK : refuse(BAD, "no room");
    }
    if (d->kind == PLAN && name == 402) {
        *(int64_t*) out = 256 * d->number;
        *count = 1;
        return OK;
    }
    if (d->kind == PLAN && name == 405) {
        snprintf(text, sizeof text, "plan %d of %d", d->number, d->operations);
        return answer(text, room, count, out);
    }
    return d->kind == DEVICE && name == 2702 ? answer("fake", room, count, out) : refuse(BAD, "no such attribute");
}
int cudnnBackendExecute(Handle* handle, Descriptor* plan, Descriptor* variables) {
    if (!handle->stream || !plan->finished || !variables->finished) return refuse(BAD, "not ready");
    Attribute* ids = find(variables, 1000);
    void* workspace = *(void**) find(variables, 1003)->values;
    if (plan->number && !workspace) return refuse(BAD, "no workspace");
    if (plan->operations == 4) {
        int (*fill)(uint64_t, unsigned, size_t, void*) = dlsym(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD),
                "cuMemsetD32Async");
        for (int i = 0; i < 10; i++) fill((uint64_t) (uintptr_t) &(int) {0}, 0, 1, handle->stream);
    }
    for (int64_t i = 0; i < ids->count; i++) {
        float* tensor = ((float**) find(variables, 1001)->values)[i];
        if (!tensor) return refuse(BAD, "no address");
        if (((int64_t*) ids->values)[i] == 3) *tensor = (float) (100 + plan->number);
    }
    return OK;
}

// What is not given back: for the test alone.
int fake_live(void) { return live; }

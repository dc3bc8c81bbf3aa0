// A driver without a GPU, for tests: device memory is the heap's, streams work at once, a kernel is one of two C
// functions by the name of CUDA's. Enough to see that every call arrives with the right arguments in the right order.
// With -DOLD it is a driver from before graphs, with -DNO_DEVICE one without a GPU, with -DVERSION=12040 CUDA 12.4's, with
// -DTAKEN one whose GPUs another process has for itself.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Result;
enum { OK, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101,
       INVALID_IMAGE = 200, INVALID_CONTEXT = 201, NOT_FOUND = 500, CAPTURE = 900 };

typedef struct { int kind, width; uint64_t to, from, value, count; const char* kernel; unsigned size[7];
                 unsigned char arguments[3][8]; } Node;
typedef struct { Node nodes[64]; size_t count; } Graph;
typedef struct { Graph* capture; unsigned flags; } Stream;
typedef struct { unsigned flags; int recorded, time; } Event;

#ifndef VERSION
#define VERSION 13000
#endif

static int started, retained, live, worked; // a piece of work takes one unit of time
static uint64_t used;
static __thread void* current;
static int context;

static const uint64_t TOTAL = 1ull << 30;

Result cuInit(unsigned flags) {
#ifdef NO_DEVICE
    return flags == 0 ? 100 : INVALID_VALUE;
#endif
    started = flags == 0;
    return OK;
}
Result cuDriverGetVersion(int* version) { *version = VERSION; return OK; }
Result cuGetErrorName(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == INVALID_CONTEXT
            ? "CUDA_ERROR_INVALID_CONTEXT" : code == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : NULL;
    return *text ? OK : INVALID_VALUE;
}
Result cuGetErrorString(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : code == INVALID_CONTEXT ? "invalid device context"
            : code == NOT_FOUND ? "named symbol not found" : NULL;
    return *text ? OK : INVALID_VALUE;
}
Result cuDeviceGetCount(int* count) { *count = 2; return started ? OK : NOT_INITIALIZED; }
Result cuDeviceGet(int* device, int index) { *device = 70 + index; return index < 2 ? OK : INVALID_DEVICE; }
Result cuDeviceGetName(char* name, int length, int device) {
    snprintf(name, (size_t) length, "Fake GPU %d", device - 70);
    return OK;
}
Result cuDeviceGetAttribute(int* value, int attribute, int device) {
    switch (attribute) {
        case 75: *value = 9; break;
        case 76: *value = device - 70; break;
        case 16: *value = 132; break;
        case 39: *value = 2048; break;
        case 97: *value = 232448; break;
        case 38: *value = 50 << 20; break;
        default: return INVALID_VALUE;
    }
    return OK;
}
Result cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = TOTAL; return device >= 70 ? OK : INVALID_DEVICE; }
Result cuDevicePrimaryCtxRetain(void** out, int device) {
#ifdef TAKEN
    return device >= 70 ? 46 : INVALID_DEVICE;
#endif
    retained++;
    *out = &context;
    return device >= 70 ? OK : INVALID_DEVICE;
}
Result cuDevicePrimaryCtxRelease_v2(int device) {
    retained--;
    return device >= 70 ? OK : INVALID_DEVICE;
}
Result cuCtxSetCurrent(void* handle) { current = handle; return OK; }
#define NEED if (current != &context) return INVALID_CONTEXT
Result cuCtxSynchronize(void) { NEED; return OK; }

Result cuMemAlloc_v2(uint64_t* out, size_t bytes) {
    NEED;
    if (used + bytes > TOTAL) return OUT_OF_MEMORY;
    size_t* block = malloc(bytes + 256);
    *block = bytes;
    used += bytes;
    live++;
    *out = (uint64_t) (uintptr_t) block + 256;
    return OK;
}
Result cuMemFree_v2(uint64_t address) {
    NEED;
    size_t* block = (size_t*) (uintptr_t) (address - 256);
    used -= *block;
    live--;
    free(block);
    return OK;
}
Result cuMemGetInfo_v2(size_t* available, size_t* total) { NEED; *available = TOTAL - used; *total = TOTAL; return OK; }
Result cuMemHostAlloc(void** out, size_t bytes, unsigned flags) {
    NEED;
    *out = malloc(bytes);
    live++;
    return flags == 1 ? OK : INVALID_VALUE;
}
Result cuMemFreeHost(void* address) { live--; free(address); return OK; }

static void perform(const Node* node) {
    worked++;
    unsigned char* to = (unsigned char*) (uintptr_t) node->to;
    if (node->kind == 0) {
        memcpy(to, (void*) (uintptr_t) node->from, node->count);
    } else if (node->kind == 1) {
        for (uint64_t i = 0; i < node->count; i++) memcpy(to + i * node->width, &node->value, node->width);
    } else {
        uint64_t pointer, count;
        float factor;
        memcpy(&pointer, node->arguments[0], 8);
        memcpy(&count, node->arguments[1], 8);
        memcpy(&factor, node->arguments[2], 4);
        float* x = (float*) (uintptr_t) pointer;
        if (strcmp(node->kernel, "scale") == 0) {
            for (uint64_t i = 0; i < count; i++) x[i] *= factor;
        } else { // "report": what the launch was
            for (int i = 0; i < 7; i++) x[i] = (float) node->size[i];
        }
    }
}
static Result queue(Stream* stream, const Node* node) {
    NEED;
    if (!stream->capture) perform(node);
    else stream->capture->nodes[stream->capture->count++] = *node;
    return OK;
}
Result cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, Stream* stream) {
    Node node = {.kind = 0, .to = to, .from = (uint64_t) (uintptr_t) from, .count = bytes};
    return queue(stream, &node);
}
Result cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, Stream* stream) {
    Node node = {.kind = 0, .to = (uint64_t) (uintptr_t) to, .from = from, .count = bytes};
    return queue(stream, &node);
}
Result cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, Stream* stream) {
    Node node = {.kind = 0, .to = to, .from = from, .count = bytes};
    return queue(stream, &node);
}
Result cuMemsetD8Async(uint64_t to, unsigned char value, size_t count, Stream* stream) {
    Node node = {.kind = 1, .to = to, .value = value, .width = 1, .count = count};
    return queue(stream, &node);
}
Result cuMemsetD16Async(uint64_t to, unsigned short value, size_t count, Stream* stream) {
    Node node = {.kind = 1, .to = to, .value = value, .width = 2, .count = count};
    return queue(stream, &node);
}
Result cuMemsetD32Async(uint64_t to, unsigned value, size_t count, Stream* stream) {
    Node node = {.kind = 1, .to = to, .value = value, .width = 4, .count = count};
    return queue(stream, &node);
}

Result cuStreamCreate(Stream** out, unsigned flags) {
    NEED;
    *out = calloc(1, sizeof(Stream));
    (*out)->flags = flags;
    live++;
    return flags == 1 ? OK : INVALID_VALUE;
}
Result cuStreamDestroy_v2(Stream* stream) { live--; free(stream); return OK; }
Result cuStreamSynchronize(Stream* stream) { return stream->capture ? CAPTURE : OK; }
Result cuStreamWaitEvent(Stream* stream, Event* event, unsigned flags) {
    return stream && event->recorded && !flags ? OK : INVALID_VALUE;
}
Result cuEventCreate(Event** out, unsigned flags) {
    NEED;
    *out = calloc(1, sizeof(Event));
    (*out)->flags = flags;
    live++;
    return OK;
}
Result cuEventDestroy_v2(Event* event) { live--; free(event); return OK; }
Result cuEventRecord(Event* event, Stream* stream) {
    event->recorded = 1;
    event->time = worked;
    return stream ? OK : INVALID_VALUE;
}
Result cuEventSynchronize(Event* event) { return event->recorded ? OK : INVALID_VALUE; }
Result cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
    *milliseconds = 2.5f * (float) (end->time - start->time);
    return start->flags == 0 && end->flags == 0 ? OK : INVALID_VALUE;
}

Result cuModuleLoadData(char** out, const void* image) {
    NEED;
    if (memcmp(image, "kernels:", 8) != 0) return INVALID_IMAGE;
    *out = strdup(image);
    live++;
    return OK;
}
Result cuModuleUnload(char* module) { live--; free(module); return OK; }
Result cuModuleGetFunction(const char** out, char* module, const char* name) {
    if (!strstr(module, name)) return NOT_FOUND;
    *out = strcmp(name, "scale") == 0 ? "scale" : "report";
    return OK;
}
static int allowed = 49152;
Result cuFuncGetAttribute(int* value, int attribute, const char* function) {
    *value = attribute == 8 ? allowed : attribute == 4 ? (int) strlen(function) : 1000 + attribute;
    return OK;
}
Result cuFuncSetAttribute(const char* function, int attribute, int value) {
    if (attribute != 8 || value > 232448) return INVALID_VALUE;
    allowed = value;
    return function ? OK : INVALID_VALUE;
}
Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const char* function, int threads, size_t shared) {
    *blocks = shared ? (int) (232448 / shared) : 2048 / threads;
    return function ? OK : INVALID_VALUE;
}
Result cuLaunchKernel(const char* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                      unsigned blockY, unsigned blockZ, unsigned shared, Stream* stream, void** arguments, void** extra) {
    if (extra || (int) shared > allowed) return INVALID_VALUE;
    Node node = {.kind = 2, .kernel = function, .size = {gridX, gridY, gridZ, blockX, blockY, blockZ, shared}};
    memcpy(node.arguments[0], arguments[0], 8);
    memcpy(node.arguments[1], arguments[1], 8);
    memcpy(node.arguments[2], arguments[2], 4);
    return queue(stream, &node);
}

#ifndef OLD
Result cuStreamBeginCapture_v2(Stream* stream, int mode) {
    if (stream->capture || mode != 1) return INVALID_VALUE;
    stream->capture = calloc(1, sizeof(Graph));
    live++;
    return OK;
}
Result cuStreamEndCapture(Stream* stream, Graph** out) {
    *out = stream->capture;
    stream->capture = NULL;
    return *out ? OK : CAPTURE;
}
Result cuGraphGetNodes(Graph* graph, void** nodes, size_t* count) {
    *count = graph->count;
    return nodes ? INVALID_VALUE : OK;
}
Result cuGraphInstantiateWithFlags(Graph** out, Graph* graph, unsigned long long flags) {
    *out = malloc(sizeof(Graph));
    **out = *graph;
    live++;
    return flags ? INVALID_VALUE : OK;
}
Result cuGraphUpload(Graph* graph, Stream* stream) { return graph && stream ? OK : INVALID_VALUE; }
Result cuGraphLaunch(Graph* graph, Stream* stream) {
    NEED;
    if (!stream) return INVALID_VALUE;
    for (size_t i = 0; i < graph->count; i++) perform(&graph->nodes[i]);
    return OK;
}
Result cuGraphExecDestroy(Graph* graph) { live--; free(graph); return OK; }
Result cuGraphDestroy(Graph* graph) { live--; free(graph); return OK; }
#endif

// What is not given back: for the test alone.
int fake_live(void) { return live + 1000 * retained; }

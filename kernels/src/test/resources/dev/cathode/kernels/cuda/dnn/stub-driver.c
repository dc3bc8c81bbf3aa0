// A driver that does nothing, for making cuDNN's plans without a GPU: what StubDriver.java writes for every function of
// cuda.h succeeds and gives handles that nothing is behind; here is what needs a real answer. Nothing can run on it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
int cuDeviceGetCount(int* count) { *count = 1; return 0; }
int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
int cuCtxGetDevice(int* device) { *device = 0; return 0; }
int cuDeviceGetName(char* name, int room, int device) {
    (void) device;
    return snprintf(name, (size_t) room, "no GPU"), 0;
}
// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR, CU_DEVICE_ATTRIBUTE_WARP_SIZE
int cuDeviceGetAttribute(int* value, int attribute, int device) {
    (void) device;
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 10 ? 32 : 1;
    return 0;
}
int cuGetErrorName(int error, const char** name) { (void) error; *name = "CUDA_ERROR"; return 0; }
int cuGetErrorString(int error, const char** text) { (void) error; *text = "an error"; return 0; }
// The private tables that the runtime asks for are not in cuda.h: CUDA_ERROR_NOT_FOUND.
int cuGetExportTable(const void** table, const void* id) { (void) id; *table = NULL; return 500; }

static int find(const char* symbol, void** function) {
    Dl_info here;
    dladdr((void*) find, &here);
    void* self = dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    for (int version = 5; version >= 2; version--) {
        char name[256];
        snprintf(name, sizeof name, "%s_v%d", symbol, version);
        if ((*function = dlsym(self, name)) != NULL) {
            return 0;
        }
    }
    return (*function = dlsym(self, symbol)) != NULL ? 0 : 500;
}
int cuGetProcAddress(const char* symbol, void** function, int version, uint64_t flags) {
    (void) version, (void) flags;
    return find(symbol, function);
}
int cuGetProcAddress_v2(const char* symbol, void** function, int version, uint64_t flags, int* status) {
    (void) version, (void) flags;
    int result = find(symbol, function);
    if (status != NULL) {
        *status = result != 0; // CU_GET_PROC_ADDRESS_SUCCESS, _SYMBOL_NOT_FOUND
    }
    return result;
}

// A compiler without a GPU, for tests: its machine code is what fake-driver.c takes for a module with two kernels. A
// source with BROKEN in it does not compile.
#include <stdlib.h>
#include <string.h>

static const char CUBIN[] = "kernels: scale report";

const char* nvrtcGetErrorString(int code) { return code == 6 ? "NVRTC_ERROR_COMPILATION" : "other"; }
int nvrtcVersion(int* major, int* minor) { *major = 13; *minor = 0; return 0; }
int nvrtcGetNumSupportedArchs(int* count) { *count = 2; return 0; }
int nvrtcGetSupportedArchs(int* chips) { chips[0] = 80; chips[1] = 90; return 0; }
int nvrtcCreateProgram(char** out, const char* text, const char* name, int headers, const void* a, const void* b) {
    *out = strdup(text);
    return !name || headers || a || b;
}
int nvrtcDestroyProgram(char** program) { free(*program); return 0; }
int nvrtcCompileProgram(char* program, int count, const char** options) {
    return count != 3 || strcmp(options[2], "--gpu-architecture=sm_90") != 0 || strstr(program, "BROKEN") ? 6 : 0;
}
int nvrtcGetCUBINSize(char* program, size_t* bytes) { *bytes = sizeof CUBIN; return !program; }
int nvrtcGetCUBIN(char* program, char* cubin) { memcpy(cubin, CUBIN, sizeof CUBIN); return !program; }
int nvrtcGetProgramLogSize(char* program, size_t* bytes) { *bytes = 12; return !program; }
int nvrtcGetProgramLog(char* program, char* log) { memcpy(log, "line 3: why", 12); return !program; }

// Runs kernels compiled with shim.h: a process that reads commands from its standard input, one a line:
//
//   allow ADDRESS BYTES      the memory may be read and written (with -fsanitize=address, nothing else may)
//   forbid ADDRESS BYTES     it may not
//   run LIBRARY ENTRY GRID_X GRID_Y GRID_Z BLOCK_X BLOCK_Y SHARED SEED SIGNATURE BITS...
//
// and answers each with "ok" or, before it ends, "error" and what a kernel did wrong. The memory of the device is a
// file that the test's process maps as well; its address here is the greeting.
//
// The threads of a block are fibers that run one at a time, from one barrier or warp operation to the next, in an order
// drawn from the seed; blocks run one after the other in a drawn order too. Shared memory starts as NaN in each block.
// Every thread of a block must arrive at the same barrier, every lane of a mask at the same operation.
//
// With SHIM_QUICK nothing is drawn: threads and blocks run by their numbers, and a thread that never waits costs no more
// than a call.
#include "shim.h"
#include "shim_numbers.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(a, n)
#define ASAN_UNPOISON_MEMORY_REGION(a, n)
#endif

shim_dim3 threadIdx, blockIdx, blockDim, gridDim;

[[noreturn]] static void fail(const char* format, ...) {
    va_list list;
    va_start(list, format);
    printf("error ");
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
    _exit(3);
}

void shim_fail(const char* message, const char* site) { fail("%s at %s", message, site); }

// ---- fibers

static const size_t STACK = (256 << 10) + 4096 + 320; // not a power of two: the tops share no set of the cache
static const int MOST = 1024;
enum State { READY, AT_BARRIER, IN_WARP, ENDED };

struct Copy { void* shared; const void* global; };

struct Fiber {
    State state;
    shim_dim3 thread;
    int warp, lane;
    int barrier;
    unsigned int mask;
    shim_operation operation;
    void* payload;
    const char* site;
    Copy copies[256];
    int copied, groups[16], groupCount; // groups[i]: copies up to its end
#if defined(__x86_64__)
    void* sp;
#else
    ucontext_t context;
#endif
};

static Fiber fibers[MOST];
static char* stacks;
static int threads, ready[MOST], readyCount;
static Fiber* current;
static void (*kernel)(void**);
static void** arguments;
static unsigned long long randomState;

static unsigned int draw(unsigned int bound) {
#if defined(SHIM_QUICK)
    return 0;
#endif
    randomState ^= randomState << 13;
    randomState ^= randomState >> 7;
    randomState ^= randomState << 17;
    return (unsigned int) ((randomState >> 33) % bound);
}

#if defined(__x86_64__)
extern "C" void shim_switch(void** from, void* to);
asm(R"(
.text
.globl shim_switch
.type shim_switch, @function
shim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");
static void* scheduler;
static void leave() { shim_switch(&current->sp, scheduler); }
static void enter(Fiber& f) { shim_switch(&scheduler, f.sp); }
#else
static ucontext_t scheduler;
static void leave() { swapcontext(&current->context, &scheduler); }
static void enter(Fiber& f) { swapcontext(&scheduler, &f.context); }
#endif

static void finished();
static Fiber* follower();

static void body() {
    do {
        kernel(arguments);
        if (current->copied > 0) {
            fail("a thread ended with copies under way that nobody waited for");
        }
        current->state = ENDED;
        finished();
    } while (follower());
    leave();
    abort();
}

// A thread that has not run yet.
static void reset(Fiber& f, int index) {
    f.state = READY;
    f.thread = {(unsigned int) index % blockDim.x, (unsigned int) index / blockDim.x, 0};
    f.warp = index / 32;
    f.lane = index % 32;
    f.copied = f.groupCount = 0;
    f.site = "";
}

static void prepare(Fiber& f, int index) {
    reset(f, index);
    char* stack = stacks + index * STACK;
#if defined(__x86_64__)
    void** top = (void**) (stack + STACK - 64);
    *--top = nullptr; // where body would return to
    *--top = (void*) body;
    top -= 6;
    memset(top, 0, 6 * sizeof(void*));
    f.sp = top;
#else
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = stack;
    f.context.uc_stack.ss_size = STACK;
    f.context.uc_link = nullptr;
    makecontext(&f.context, body, 0);
#endif
}

#if defined(SHIM_QUICK)
// Fibers that may run, a ring in the order of their waking, and the first thread that has not begun.
static unsigned int firstReady;
static int begun;

static void add(int index) { ready[(firstReady + readyCount++) % MOST] = index; }

static Fiber* next() {
    if (readyCount == 0) {
        prepare(fibers[begun], begun);
        return &fibers[begun++];
    }
    readyCount--;
    return &fibers[ready[firstReady++ % MOST]];
}

static bool more() { return readyCount > 0 || begun < threads; }

// On a fiber whose thread has ended: makes it the next thread that has not begun, if there is one.
static Fiber* follower() {
    if (begun == threads) {
        return nullptr;
    }
    current = &fibers[begun];
    reset(*current, begun++);
    threadIdx = current->thread;
    return current;
}

static void begin() {
    begun = 0;
    firstReady = 0;
    for (int i = 0; i < threads; i++) {
        fibers[i].state = READY;
    }
}
#else
static void add(int index) { ready[readyCount++] = index; }

static Fiber* next() {
    int place = (int) draw(readyCount);
    Fiber* f = &fibers[ready[place]];
    ready[place] = ready[--readyCount];
    return f;
}

static bool more() { return readyCount > 0; }

static Fiber* follower() { return nullptr; }

static void begin() {
    for (int i = 0; i < threads; i++) {
        prepare(fibers[i], i);
        add(i);
    }
}
#endif

static void wake(Fiber& f) {
    f.state = READY;
    add((int) (&f - fibers));
}

// ---- barriers

static void wait(State state, const char* site) {
    current->state = state;
    current->site = site;
#if defined(SHIM_QUICK) && defined(__x86_64__)
    if (more()) { // without a detour
        Fiber* from = current;
        current = next();
        threadIdx = current->thread;
        shim_switch(&from->sp, current->sp);
        return;
    }
#endif
    leave();
}

// How many threads wait at each barrier, and where in the source.
static int arrived[16];
static const char* places[16];
static int ended;
// Of each warp, how many threads have ended.
static int over[MOST / 32];

static void finished() {
    ended++;
    over[current->warp]++;
}

static bool same(const char* a, const char* b) { return a == b || strcmp(a, b) == 0; }

void shim_barrier(int id, int count, const char* site) {
    if (id < 0 || id > 15 || count % 32 != 0 || count > threads || (id == 0) != (count == 0)) {
        fail("barrier %d of %d threads at %s", id, count, site);
    }
    if (arrived[id] > 0 && !same(places[id], site)) {
        fail("threads of a block wait at different barriers: %s and %s", places[id], site);
    }
    if (id == 0 && ended > 0) {
        fail("a thread waits at %s, but another one of its block has ended", site);
    }
    places[id] = site;
    if (++arrived[id] < (id == 0 ? threads : count)) {
        current->barrier = id;
        wait(AT_BARRIER, site);
        return;
    }
    arrived[id] = 0;
    for (int i = 0; i < threads; i++) {
        if (&fibers[i] != current && fibers[i].state == AT_BARRIER && fibers[i].barrier == id) {
            wake(fibers[i]);
        }
    }
}

// ---- operations of a warp

// Lanes of each warp that wait in an operation.
static int waiting[MOST / 32];

void shim_warp(unsigned int mask, shim_operation operation, void* payload, const char* site) {
    Fiber* warp = &fibers[current->warp * 32];
    if (!(mask >> current->lane & 1)) {
        fail("lane %d is not in its own mask %08x at %s", current->lane, mask, site);
    }
    current->mask = mask;
    current->operation = operation;
    current->payload = payload;
    int last = current->warp * 32 + 32 > threads ? threads % 32 : 32;
    if (waiting[current->warp] + 1 < __builtin_popcount(mask) && over[current->warp] == 0 && last == 32) {
        waiting[current->warp]++; // the rest has yet to come
        wait(IN_WARP, site);
        return;
    }
    bool complete = true;
    for (int lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1)) {
            continue;
        }
        if (current->warp * 32 + lane >= threads || warp[lane].state == ENDED) {
            fail("mask %08x at %s names lane %d, which has ended or never was", mask, site, lane);
        }
        Fiber& f = warp[lane];
        complete &= &f == current || (f.state == IN_WARP && f.mask == mask && f.operation == operation
                && same(f.site, site));
    }
    if (!complete) {
        waiting[current->warp]++;
        wait(IN_WARP, site);
        return;
    }
    waiting[current->warp] -= __builtin_popcount(mask) - 1;
    shim_lane lanes[32] = {};
    for (int lane = 0; lane < 32; lane++) {
        if (mask >> lane & 1) {
            lanes[lane].payload = warp[lane].payload;
        }
    }
    operation(lanes, mask, site);
    for (int lane = 0; lane < 32; lane++) {
        if ((mask >> lane & 1) && &warp[lane] != current) {
            wake(warp[lane]);
        }
    }
}

#include "shim_warp.h"

// ---- copies to shared memory that run beside the thread: here they happen at once or when they are waited for, as the
// seed will have it

static void copy(const Copy& c) {
    const unsigned long long* from = (const unsigned long long*) c.global;
    unsigned long long* to = (unsigned long long*) c.shared;
    to[0] = from ? from[0] : 0;
    to[1] = from ? from[1] : 0;
}

void shim_async_copy(void* shared, const void* global, const char* site) {
    if (((size_t) shared | (size_t) global) & 15) {
        fail("a copy of 16 bytes is not aligned at %s", site);
    }
    if (current->copied == 256) {
        fail("more than 256 copies under way at %s", site);
    }
    Copy next = {shared, global};
    if (draw(2)) {
        copy(next);
    }
    current->copies[current->copied++] = next;
}

void shim_async_commit() {
    if (current->groupCount == 16) {
        fail("more than 16 groups of copies under way");
    }
    current->groups[current->groupCount++] = current->copied;
}

void shim_async_wait(int pending) {
    int done = current->groupCount - pending;
    if (done <= 0) {
        return;
    }
    int end = current->groups[done - 1];
    for (int i = 0; i < end; i++) {
        copy(current->copies[i]);
    }
    memmove(current->copies, current->copies + end, (current->copied - end) * sizeof(Copy));
    current->copied -= end;
    for (int i = 0; i < pending; i++) {
        current->groups[i] = current->groups[i + done] - end;
    }
    current->groupCount = pending;
}

// ---- running

static char* shared;

void* shim_dynamic_shared() { return shared; }

static void block() {
    readyCount = ended = 0;
    memset(arrived, 0, sizeof arrived);
    memset(over, 0, sizeof over);
    memset(waiting, 0, sizeof waiting);
    begin();
    while (more()) {
        current = next();
        threadIdx = current->thread;
        enter(*current);
    }
    for (int i = 0; i < threads; i++) {
        if (fibers[i].state != ENDED) {
            int here = 0;
            const char* other = "";
            for (int j = 0; j < threads; j++) {
                bool together = fibers[j].state == fibers[i].state && same(fibers[i].site, fibers[j].site);
                here += together;
                if (fibers[j].state != ENDED && !together) {
                    other = fibers[j].site;
                }
            }
            fail("%d threads wait at %s for others of which %d have ended and %d wait elsewhere %s", here,
                    fibers[i].site, ended, threads - ended - here, other);
        }
    }
}

static void run(char* line) {
    char library[1024], entry[256], signature[256] = "";
    unsigned long long seed;
    int grid[3], size[2], sharedBytes, used;
    if (sscanf(line, "%1023s %255s %d %d %d %d %d %d %llu %255s%n", library, entry, &grid[0], &grid[1], &grid[2],
            &size[0], &size[1], &sharedBytes, &seed, signature, &used) != 10) {
        fail("cannot read the command %s", line);
    }
    void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fail("%s", dlerror());
    }
    char symbol[300];
    snprintf(symbol, sizeof symbol, "shim_entry_%s", entry);
    auto find = (shim_entry (*)()) dlsym(handle, symbol);
    if (!find) {
        fail("there is no kernel %s", entry);
    }
    shim_entry e = find();
    if (strcmp(signature + 1, e.signature) != 0) { // it starts with a dash, lest it be empty
        fail("%s takes arguments of the kinds %s, not %s", entry, e.signature, signature + 1);
    }
    threads = size[0] * size[1];
    if (threads > e.threads) {
        fail("%s is launched with %d threads, but bound to %d", entry, threads, e.threads);
    }
    if (sharedBytes + (e.shared_end - e.shared) > 232448) {
        fail("%s asks for %d bytes of dynamic shared memory", entry, sharedBytes);
    }
    static unsigned long long values[64];
    static void* pointers[64];
    char* at = line + used;
    for (int i = 0; signature[i + 1]; i++) {
        values[i] = strtoull(at, &at, 16);
        pointers[i] = &values[i];
    }
    kernel = e.call;
    arguments = pointers;
    gridDim = {(unsigned int) grid[0], (unsigned int) grid[1], (unsigned int) grid[2]};
    blockDim = {(unsigned int) size[0], (unsigned int) size[1], 1};
    randomState = seed * 0x9e3779b97f4a7c15ull | 1;
    int blocks = grid[0] * grid[1] * grid[2];
    int start = (int) draw(blocks);
    bool backwards = draw(2);
    alarm(120);
    for (int i = 0; i < blocks; i++) {
        int b = (start + (backwards ? blocks - i : i)) % blocks;
        blockIdx = {(unsigned int) (b % grid[0]), (unsigned int) (b / grid[0] % grid[1]),
                (unsigned int) (b / grid[0] / grid[1])};
        if (e.shared) {
            memset(e.shared, 0xff, e.shared_end - e.shared);
        }
        shared = (char*) aligned_alloc(128, (sharedBytes + 127) / 128 * 128 + 128);
        memset(shared, 0xff, sharedBytes);
        ASAN_POISON_MEMORY_REGION(shared + sharedBytes, (sharedBytes + 127) / 128 * 128 + 128 - sharedBytes);
        block();
        ASAN_UNPOISON_MEMORY_REGION(shared, (sharedBytes + 127) / 128 * 128 + 128);
        free(shared);
    }
    alarm(0);
}

int main(int, char** argv) {
    size_t bytes = strtoull(argv[2], nullptr, 10);
    int file = open(argv[1], O_RDWR);
    void* memory = mmap((void*) 0x200000000000, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    stacks = (char*) mmap(nullptr, MOST * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0);
    if (file < 0 || memory == MAP_FAILED || stacks == MAP_FAILED) {
        fail("cannot map %s", argv[1]);
    }
    ASAN_POISON_MEMORY_REGION(memory, bytes);
    printf("%llx\n", (unsigned long long) memory);
    fflush(stdout);
    static char line[1 << 16];
    while (fgets(line, sizeof line, stdin)) {
        unsigned long long address, count;
        if (sscanf(line, "allow %llx %llu", &address, &count) == 2) {
            ASAN_UNPOISON_MEMORY_REGION((void*) address, count);
        } else if (sscanf(line, "forbid %llx %llu", &address, &count) == 2) {
            ASAN_POISON_MEMORY_REGION((void*) address, count);
        } else if (strncmp(line, "run ", 4) == 0) {
            run(line + 4);
        } else {
            fail("cannot read the command %s", line);
        }
        printf("ok\n");
        fflush(stdout);
    }
    return 0;
}

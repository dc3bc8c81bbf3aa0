// Numbers in another type.

#ifndef R // type of the result
#define R float
#endif

// y[i] = x[i] in another type; y overlaps nothing.
KERNEL(256) cast(const T* x, R* y, long long count) {
    for_each<8>(count, aligned(x, y), [=](long long i, auto width) {
        float v[width.value];
        load(x + i, v);
        store(y + i, v);
    });
}

KERNEL(256) cast_from_int(const int* x, T* y, long long count) {
    for_each<1>(count, false, [=](long long i, auto) { narrow((float) x[i], y[i]); });
}

// Towards zero.
KERNEL(256) cast_to_int(const T* x, int* y, long long count) {
    for_each<1>(count, false, [=](long long i, auto) { y[i] = (int) to_float(x[i]); });
}

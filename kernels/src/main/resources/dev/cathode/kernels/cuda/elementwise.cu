// Functions of single numbers and of pairs of numbers.

// y[i] = value
KERNEL(256) fill(float value, T* y, long long count) {
    for_each<Lanes<T>::value>(count, aligned(y), [=](long long i, auto width) {
        float v[width.value];
#pragma unroll
        for (int j = 0; j < width.value; j++) {
            v[j] = value;
        }
        store(y + i, v);
    });
}

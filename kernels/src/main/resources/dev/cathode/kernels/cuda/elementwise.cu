// Functions of single numbers and of pairs of numbers. Results may be the memory of an operand unless said otherwise.
// Every kernel runs on any one-dimensional grid.

#define ADD 0
#define SUBTRACT 1
#define MULTIPLY 2
#define DIVIDE 3

#define EACH _Pragma("unroll") for (int j = 0; j < N; j++)

DEVICE float combined(int operation, float a, float b) {
    return operation == ADD ? a + b : operation == SUBTRACT ? a - b : operation == MULTIPLY ? a * b : a / b;
}

// y[i] = value
KERNEL(256) fill(float value, T* y, long long count) {
    for_each<Lanes<T>::value>(count, aligned(y), [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N];
        EACH { v[j] = value; }
        store(y + i, v);
    });
}

// y[i] = activation(x[i])
KERNEL(256) activate(int activation, const T* x, T* y, long long count) {
    for_each<Lanes<T>::value>(count, aligned(x, y), [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N];
        load(x + i, v);
        EACH { v[j] = activated(activation, v[j]); }
        store(y + i, v);
    });
}

// dx[i] = dy[i] · activation'(x[i])
KERNEL(256) activate_gradient(int activation, const T* x, const T* dy, T* dx, long long count) {
    for_each<Lanes<T>::value>(count, aligned(x, dy, dx), [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N], d[N];
        load(x + i, v);
        load(dy + i, d);
        EACH { d[j] *= derivative(activation, v[j]); }
        store(dx + i, d);
    });
}

// y[i] = scale · x[i] + shift
KERNEL(256) affine(float scale, float shift, const T* x, T* y, long long count) {
    for_each<Lanes<T>::value>(count, aligned(x, y), [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N];
        load(x + i, v);
        EACH { v[j] = scale * v[j] + shift; }
        store(y + i, v);
    });
}

// y[i] = a[i] ∘ b[i]
KERNEL(256) binary(int operation, const T* a, const T* b, T* y, long long count) {
    for_each<Lanes<T>::value>(count, aligned(a, b, y), [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N], w[N];
        load(a + i, v);
        load(b + i, w);
        EACH { v[j] = combined(operation, v[j], w[j]); }
        store(y + i, v);
    });
}

// y[r][c] = a[r][c] ∘ b[r / repeat][c]: one row of b for each `repeat` rows of a.
KERNEL(256) broadcast_rows(int operation, const T* a, const T* b, T* y, long long rows, int columns, int repeat) {
    const long long count = rows * columns;
    const bool wide = aligned(a, b, y) && columns % Lanes<T>::value == 0;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int N = width.value;
        const long long row = quotient(i, columns, count);
        float v[N], w[N];
        load(a + i, v);
        load(b + quotient(row, repeat, count) * columns + (i - row * columns), w);
        EACH { v[j] = combined(operation, v[j], w[j]); }
        store(y + i, v);
    });
}

// y[r][c] = a[r][c] ∘ b[r]: one number for each row.
KERNEL(256) broadcast_columns(int operation, const T* a, const T* b, T* y, long long rows, int columns) {
    const long long count = rows * columns;
    const bool wide = aligned(a, y) && columns % Lanes<T>::value == 0;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int N = width.value;
        float v[N];
        load(a + i, v);
        const float w = to_float(b[quotient(i, columns, count)]);
        EACH { v[j] = combined(operation, v[j], w); }
        store(y + i, v);
    });
}

// y[r][c] = x[r][c] · gelu(x[r][columns + c]); y overlaps nothing.
KERNEL(256) geglu(const T* x, T* y, long long rows, int columns) {
    const long long count = rows * columns;
    const bool wide = aligned(x, y) && columns % Lanes<T>::value == 0;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int N = width.value;
        const long long row = quotient(i, columns, count);
        float v[N], gate[N];
        load(x + row * columns + i, v);
        load(x + row * columns + i + columns, gate);
        EACH { v[j] *= gelu(gate[j]); }
        store(y + i, v);
    });
}

// dx like x, 2 · columns numbers a row; dx overlaps nothing.
KERNEL(256) geglu_gradient(const T* x, const T* dy, T* dx, long long rows, int columns) {
    const long long count = rows * columns;
    const bool wide = aligned(x, dy, dx) && columns % Lanes<T>::value == 0;
    for_each<Lanes<T>::value>(count, wide, [=](long long i, auto width) {
        constexpr int N = width.value;
        const long long row = quotient(i, columns, count);
        float v[N], gate[N], d[N];
        load(x + row * columns + i, v);
        load(x + row * columns + i + columns, gate);
        load(dy + i, d);
        EACH {
            v[j] *= d[j] * gelu_derivative(gate[j]);
            d[j] *= gelu(gate[j]);
        }
        store(dx + row * columns + i, d);
        store(dx + row * columns + i + columns, v);
    });
}

// Half-precision numbers, rounded to nearest even: part of shim.cpp.
#pragma once

unsigned short shim_float_to_bf16(float x) {
    unsigned int bits = __float_as_uint(x);
    if (x != x) {
        return 0x7fff;
    }
    return (unsigned short) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float shim_half_to_float(unsigned short h) {
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float size = exponent == 31 ? (fraction ? NAN_F : INFINITY_F)
            : exponent == 0 ? __builtin_ldexpf((float) fraction, -24)
            : __builtin_ldexpf((float) (fraction + 1024), exponent - 25);
    return h >> 15 ? -size : size;
}

unsigned short shim_float_to_half(float x) {
    unsigned short sign = (unsigned short) (__float_as_uint(x) >> 16 & 0x8000);
    float size = __builtin_fabsf(x);
    if (x != x) {
        return 0x7fff;
    }
    if (size >= 65520) {
        return sign | 0x7c00;
    }
    int exponent = size < 6.103515625e-05f ? -14 : __builtin_ilogbf(size);
    float steps = __builtin_rintf(__builtin_ldexpf(size, 10 - exponent)); // to nearest even, 1024 to 2048 if normal
    int bits = (int) steps + ((exponent + 14) << 10);
    return sign | (unsigned short) bits;
}

// What operations of a warp do once all lanes have arrived: part of shim.cpp. Matrices are in the fragments of PTX's
// mma.m16n8k16 and ldmatrix.
#pragma once

void shim_nothing(shim_lane*, unsigned int, const char*) { }

void shim_shuffle(shim_lane* lanes, unsigned int mask, const char* site) {
    unsigned long long values[32] = {};
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) {
            values[i] = ((shim_shuffle_payload*) lanes[i].payload)->value;
        }
    }
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) {
            auto* p = (shim_shuffle_payload*) lanes[i].payload;
            if (!(mask >> p->source & 1)) {
                fail("lane %d reads lane %d, which is not in mask %08x, at %s", i, p->source, mask, site);
            }
            p->value = values[p->source];
        }
    }
}

void shim_vote(shim_lane* lanes, unsigned int mask, const char*) {
    unsigned int votes = 0;
    for (int i = 0; i < 32; i++) {
        if ((mask >> i & 1) && *(unsigned int*) lanes[i].payload) {
            votes |= 1u << i;
        }
    }
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) {
            *(unsigned int*) lanes[i].payload = votes;
        }
    }
}

void shim_mma(shim_lane* lanes, unsigned int mask, const char* site) {
    if (mask != 0xffffffffu) {
        fail("a product of matrices needs all lanes at %s", site);
    }
    bool isHalf = ((shim_mma_payload*) lanes[0].payload)->half;
    auto number = [isHalf](unsigned int word, int index) {
        unsigned short bits = (unsigned short) (index ? word >> 16 : word);
        return isHalf ? shim_half_to_float(bits) : __uint_as_float((unsigned int) bits << 16);
    };
    float a[16][16], b[16][8];
    for (int lane = 0; lane < 32; lane++) {
        auto* p = (shim_mma_payload*) lanes[lane].payload;
        int group = lane / 4, pair = lane % 4 * 2;
        for (int r = 0; r < 4; r++) {
            for (int i = 0; i < 2; i++) {
                a[group + r % 2 * 8][pair + i + r / 2 * 8] = number(p->a[r], i);
            }
        }
        for (int r = 0; r < 2; r++) {
            for (int i = 0; i < 2; i++) {
                b[pair + i + r * 8][group] = number(p->b[r], i);
            }
        }
    }
    double sums[16][8] = {};
    for (int row = 0; row < 16; row++) {
        for (int k = 0; k < 16; k++) {
            for (int column = 0; column < 8; column++) {
                sums[row][column] += (double) a[row][k] * b[k][column];
            }
        }
    }
    for (int lane = 0; lane < 32; lane++) {
        auto* p = (shim_mma_payload*) lanes[lane].payload;
        for (int r = 0; r < 4; r++) {
            p->c[r] = (float) (p->c[r] + sums[lane / 4 + r / 2 * 8][lane % 4 * 2 + r % 2]);
        }
    }
}

void shim_ldmatrix(shim_lane* lanes, unsigned int mask, const char* site) {
    if (mask != 0xffffffffu) {
        fail("ldmatrix needs all lanes at %s", site);
    }
    auto* first = (shim_ldmatrix_payload*) lanes[0].payload;
    for (int m = 0; m < 4; m++) {
        unsigned short matrix[8][8];
        for (int row = 0; row < 8; row++) {
            const void* address = ((shim_ldmatrix_payload*) lanes[m * 8 + row].payload)->row;
            if ((size_t) address & 15) {
                fail("a row of ldmatrix is not aligned to 16 bytes at %s", site);
            }
            for (int i = 0; i < 8; i++) {
                matrix[row][i] = ((const unsigned short*) address)[i];
            }
        }
        for (int lane = 0; lane < 32; lane++) {
            int i = lane / 4, j = lane % 4 * 2;
            auto* p = (shim_ldmatrix_payload*) lanes[lane].payload;
            p->words[m] = first->transposed ? matrix[j][i] | (unsigned int) matrix[j + 1][i] << 16
                    : matrix[i][j] | (unsigned int) matrix[i][j + 1] << 16;
        }
    }
}

// kernels/cuda/matrix.h in plain loops: sums of float products in double, one rounding at the end.

#include "kernels/cuda/matrix.h"

#include <stdlib.h>
#include <vector>

struct matrix_products {};

enum status matrix_open(device *, struct error *) {
    return STATUS_OK;
}

void matrix_close(device *) {
}

// DLT_EMU_DEVICE=another: a GPU that chooses otherwise.
const char *matrix_choices(device *) {
    const char *device = getenv("DLT_EMU_DEVICE");
    return device && strcmp(device, "another") == 0 ? "plain loops on another GPU\n"
                                                    : "plain loops on an emulated GPU\n";
}

bool matrix_restore_choices(device *dev, const char *choices) {
    return strcmp(choices, matrix_choices(dev)) == 0;
}

static float element(const struct matrix &m, size_t batch, size_t row, size_t column) {
    size_t at =
        batch * m.batch_step + (m.transposed ? column * m.step + row : row * m.step + column);
    return m.type == MATRIX_FLOAT ? ((const float *)m.data)[at]
                                  : to_float(((const bf16 *)m.data)[at]);
}

static void store(const struct matrix &m, size_t batch, size_t row, size_t column, float value) {
    size_t at = batch * m.batch_step + row * m.step + column;
    if (m.type == MATRIX_FLOAT) {
        ((float *)m.data)[at] = value;
    } else {
        ((bf16 *)m.data)[at] = from_float<bf16>(value);
    }
}

static float bias_of(const struct matrix_product *p, size_t column) {
    return p->c.type == MATRIX_FLOAT ? ((const float *)p->bias)[column]
                                     : to_float(((const bf16 *)p->bias)[column]);
}

void matrix_multiply(device *, const struct matrix_product *p) {
    std::vector<float> b(p->K * p->N);
    std::vector<double> sums(p->N);
    for (size_t i = 0; i < p->batch; i++) {
        for (size_t k = 0; k < p->K; k++) {
            for (size_t n = 0; n < p->N; n++) {
                b[k * p->N + n] = element(p->b, i, k, n);
            }
        }
        for (size_t m = 0; m < p->M; m++) {
            for (size_t n = 0; n < p->N; n++) {
                sums[n] = p->accumulate ? element(p->c, i, m, n) : p->bias ? bias_of(p, n) : 0;
            }
            for (size_t k = 0; k < p->K; k++) {
                double a = element(p->a, i, m, k);
                for (size_t n = 0; n < p->N; n++) {
                    sums[n] += a * b[k * p->N + n];
                }
            }
            for (size_t n = 0; n < p->N; n++) {
                store(p->c, i, m, n, (float)sums[n]);
            }
        }
    }
}

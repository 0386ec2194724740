// One lower triangular factor F of a stack at a time: scatters become factors in the M-step, and factors coordinates
// and back in the acceleration. Matrices are (d, d), row by row, with zeros above the diagonal.
#pragma once

#include "elimination.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// row -= Σ_p factors[p] * row p of `lower`, for p < count; later entries of the row are left as they are.
inline void subtract_rows(double* row, const double* lower, ptrdiff_t d, const double* factors, ptrdiff_t count) {
  ptrdiff_t p = 0;
  for (; p + kPivots <= count; p += kPivots) eliminate<kPivots>(row, lower + p * d, d, factors + p, 0, p + kPivots);
  for (; p < count; ++p) eliminate<1>(row, lower + p * d, d, factors + p, 0, p + 1);
}

// The factor of scatter / divisor, by way of its correlations with what has deviations `scale`; gives the squared norm
// of the correlations' factor. `scratch` holds d * d numbers.
inline double factor_of_scatter(ptrdiff_t d, const double* scatter, double divisor, const double* scale, double* factor,
                                double* scratch) {
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = i / kPivots * kPivots; j < d; ++j)
      scratch[i * d + j] = scatter[i * d + j] / divisor / (scale[i] * scale[j]);
  const double squared_norm = inverse_factor(d, scratch, factor);
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) factor[i * d + j] /= scale[j];
  return squared_norm;
}

// −(row i of F) · right, the columns up to i.
inline void negative_row(ptrdiff_t d, ptrdiff_t i, const double* factor, const double* right, double* row) {
  for (ptrdiff_t j = 0; j <= i; ++j) row[j] = 0.0;
  subtract_rows(row, right, d, factor + i * d, i + 1);
}

// F · right = D (I + N): the logarithms of D (d), and what is below the diagonal of N, row by row.
inline void unit_rows(ptrdiff_t d, const double* factor, const double* right, double* logs, double* beside,
                      double* scratch) {
  for (ptrdiff_t i = 0; i < d; beside += i++) {
    negative_row(d, i, factor, right, scratch);
    const double diagonal = -scratch[i];
    logs[i] = __builtin_log(diagonal);
    for (ptrdiff_t j = 0; j < i; ++j) beside[j] = scratch[j] / -diagonal;
  }
}

// e^logs (F + D · beside · inverse), D being the diagonal of F times that of the inverse's inverse.
inline void moved_rows(ptrdiff_t d, const double* factor, const double* inverse, const double* logs,
                       const double* beside, double* moved, double* scratch) {
  for (ptrdiff_t i = 0; i < d; beside += i++) {
    const double diagonal = factor[i * d + i] / inverse[i * d + i], scale = __builtin_exp(logs[i]);
    double* const row = moved + i * d;
    for (ptrdiff_t j = 0; j < d; ++j) row[j] = factor[i * d + j];
    for (ptrdiff_t j = 0; j < i; ++j) scratch[j] = -diagonal * beside[j];
    subtract_rows(row, inverse, d, scratch, i);
    for (ptrdiff_t j = 0; j <= i; ++j) row[j] *= scale;
  }
}

// |F · right|², Frobenius.
inline double product_norm(ptrdiff_t d, const double* factor, const double* right, double* scratch) {
  double sum = 0.0;
  for (ptrdiff_t i = 0; i < d; ++i) {
    negative_row(d, i, factor, right, scratch);
    double of_row = 0.0;
    for (ptrdiff_t j = 0; j <= i; ++j) of_row += scratch[j] * scratch[j];
    sum += of_row;
  }
  return sum;
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

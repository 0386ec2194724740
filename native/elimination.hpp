// Gaussian elimination by rows, A = U D Uᵀ turned into F = D^(-1/2) U^(-1): it touches whole rows only, so that the
// compiler's vectors do it (Golub & Van Loan 2013, section 4.1: as stable as Cholesky's for positive definite A).
// Several pivots at a time, because rows of a larger matrix come from the second-level cache.
#pragma once

#include "simd.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

constexpr int kPivots = 8;

// row -= Σ factors[p] * pivots[p * d], from column `first` to before `last`.
template <int Pivots>
SOFTMIX_INLINE void eliminate(double* __restrict row, const double* __restrict pivots, ptrdiff_t d,
                              const double* factors, ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t c = first; c < last; ++c) {
    // One after the other, as the pivots alone would: their sum would round at the size of its largest term.
    double rest = row[c];
    for (int p = 0; p < Pivots; ++p) rest -= factors[p] * pivots[p * d + c];
    row[c] = rest;
  }
}

// Eliminates with rows [j, j + Pivots) of a and f; false where a pivot is not positive.
template <int Pivots> SOFTMIX_INLINE bool eliminate_with(ptrdiff_t j, ptrdiff_t d, double* a, double* f) {
  double inverse[Pivots], factors[Pivots];
  for (int p = 0; p < Pivots; ++p) {
    const double* const pivot_row = a + (j + p) * d;
    if (!(pivot_row[j + p] > 0.0)) return false;
    inverse[p] = 1.0 / pivot_row[j + p];
    f[(j + p) * d + j + p] = 1.0;
    for (ptrdiff_t i = j + p + 1; i < j + Pivots; ++i) {
      factors[0] = pivot_row[i] * inverse[p];
      eliminate<1>(a + i * d, pivot_row, d, factors, i, d);
      eliminate<1>(f + i * d, f + (j + p) * d, d, factors, 0, j + p + 1);
    }
  }
  for (ptrdiff_t i = j + Pivots; i < d; ++i) {
    for (int p = 0; p < Pivots; ++p) factors[p] = a[(j + p) * d + i] * inverse[p];
    // From where a whole vector begins: what is below the diagonal of a is not read.
    eliminate<Pivots>(a + i * d, a + j * d, d, factors, i / kPivots * kPivots, d);
    eliminate<Pivots>(f + i * d, f + j * d, d, factors, 0, j + Pivots);
  }
  return true;
}

// One matrix: a, whose upper triangle alone is read, is spoilt; what is below must be numbers. f receives the factor.
// Gives its squared norm.
inline double inverse_factor(ptrdiff_t d, double* a, double* f) {
  for (ptrdiff_t i = 0; i < d * d; ++i) f[i] = 0.0;
  ptrdiff_t j = 0;
  for (; j + kPivots <= d; j += kPivots)
    if (!eliminate_with<kPivots>(j, d, a, f)) return __builtin_inf();
  for (; j < d; ++j)
    if (!eliminate_with<1>(j, d, a, f)) return __builtin_inf();
  double squared_norm = 0.0;
  for (ptrdiff_t i = 0; i < d; ++i) {
    const double scale = 1.0 / __builtin_sqrt(a[i * d + i]);
    for (ptrdiff_t c = 0; c <= i; ++c) {
      f[i * d + c] *= scale;
      squared_norm += f[i * d + c] * f[i * d + c];
    }
  }
  return __builtin_isfinite(squared_norm) ? squared_norm : __builtin_inf();
}

// See inverse_cholesky.hpp.
inline void inverse_cholesky(ptrdiff_t count, ptrdiff_t d, const double* matrices, double* factors,
                             double* squared_norms, double* scratch) {
  for (ptrdiff_t k = 0; k < count; ++k) {
    __builtin_memcpy(scratch, matrices + k * d * d, size_t(d * d) * sizeof(double));
    squared_norms[k] = inverse_factor(d, scratch, factors + k * d * d);
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

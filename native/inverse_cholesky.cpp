// LAPACK's factorisation and inversion cost more in calls than in arithmetic for the small matrices of an M-step.
// Gaussian elimination by rows, A = U D Uᵀ turned into F = D^(-1/2) U^(-1), touches whole rows only, so that the
// compiler's vectors do it (Golub & Van Loan 2013, section 4.1: as stable as Cholesky's for positive definite A).
#include "inverse_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace softmix {
namespace {

// row -= factor * pivot, from column `first` to before `last`.
inline void eliminate(double* row, const double* pivot, double factor, ptrdiff_t first, ptrdiff_t last) {
  for (ptrdiff_t c = first; c < last; ++c) row[c] -= factor * pivot[c];
}

double invert(ptrdiff_t d, double* a, double* f) {
  std::fill(f, f + d * d, 0.0);
  double squared_norm = 0.0;
  for (ptrdiff_t j = 0; j < d; ++j) {
    const double pivot = a[j * d + j];
    if (!(pivot > 0.0)) return std::numeric_limits<double>::infinity();
    f[j * d + j] = 1.0;
    for (ptrdiff_t i = j + 1; i < d; ++i) {
      const double factor = a[j * d + i] / pivot;
      eliminate(a + i * d, a + j * d, factor, i, d);
      eliminate(f + i * d, f + j * d, factor, 0, j + 1);
    }
    const double scale = 1.0 / std::sqrt(pivot);
    for (ptrdiff_t c = 0; c <= j; ++c) {
      f[j * d + c] *= scale;
      squared_norm += f[j * d + c] * f[j * d + c];
    }
  }
  return std::isfinite(squared_norm) ? squared_norm : std::numeric_limits<double>::infinity();
}

}  // namespace

void inverse_cholesky(ptrdiff_t count, ptrdiff_t d, const double* matrices, double* factors, double* squared_norms,
                      double* scratch) {
  for (ptrdiff_t k = 0; k < count; ++k) {
    std::copy(matrices + k * d * d, matrices + (k + 1) * d * d, scratch);
    squared_norms[k] = invert(d, scratch, factors + k * d * d);
  }
}

}  // namespace softmix

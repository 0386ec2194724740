// A scatter about its rows' mean: what the M-step begins with.
#pragma once

#include <cstddef>

namespace softmix {

// The symmetric (d, d) matrix of a packed lower triangle, less count · shift · shiftᵀ. Written in stripes of columns,
// so that what is mirrored stays in the nearest cache.
inline void scatter_about(ptrdiff_t d, const double* triangle, double count, const double* shift, double* out) {
  for (ptrdiff_t i = 0; i < d; ++i, triangle += i) {
    const double weighted = count * shift[i];
    for (ptrdiff_t j = 0; j <= i; ++j) out[i * d + j] = triangle[j] - weighted * shift[j];
  }
  constexpr ptrdiff_t kStripe = 8;
  for (ptrdiff_t first = 0; first < d; first += kStripe)
    for (ptrdiff_t j = first; j < d; ++j)
      for (ptrdiff_t i = first; i < first + kStripe && i < j; ++i) out[i * d + j] = out[j * d + i];
}

}  // namespace softmix

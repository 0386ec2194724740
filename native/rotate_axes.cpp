// NumPy's calls cost hundreds of times the arithmetic of a plane, and the M-steps with common axes turn thousands.
// Flury & Gautschi (1986), whose rotations these are.
#include "rotate_axes.hpp"

#include <cmath>

namespace softmix {
namespace {

struct Turn {
  double cosine, sine;
};

// (one, other) becomes (cos · one + sin · other, cos · other − sin · one).
inline void turn(Turn by, double& one, double& other) {
  const double before = one;
  one = by.cosine * before + by.sine * other;
  other = by.cosine * other - by.sine * before;
}

Turn best_turn(ptrdiff_t count, ptrdiff_t d, ptrdiff_t p, ptrdiff_t q, const double* precisions,
               const double* rotated) {
  double difference = 0.0, product = 0.0;
  for (ptrdiff_t k = 0; k < count; ++k) {
    const double weight = precisions[k * d + p] - precisions[k * d + q];
    const double* matrix = rotated + k * d * d;
    difference += weight * (matrix[p * d + p] - matrix[q * d + q]);
    product += weight * matrix[p * d + q];
  }
  const double angle = 0.5 * std::atan2(-2.0 * product, -difference);
  return {std::cos(angle), std::sin(angle)};
}

}  // namespace

void rotate_axes(ptrdiff_t count, ptrdiff_t d, ptrdiff_t planes, const int64_t* pairs, const double* precisions,
                 double* axes, double* rotated) {
  for (ptrdiff_t plane = 0; plane < planes; ++plane) {
    const ptrdiff_t p = pairs[2 * plane], q = pairs[2 * plane + 1];
    const Turn by = best_turn(count, d, p, q, precisions, rotated);
    for (ptrdiff_t i = 0; i < d; ++i) turn(by, axes[i * d + p], axes[i * d + q]);
    for (double* matrix = rotated; matrix < rotated + count * d * d; matrix += d * d) {
      for (ptrdiff_t i = 0; i < d; ++i) turn(by, matrix[i * d + p], matrix[i * d + q]);
      for (ptrdiff_t i = 0; i < d; ++i) turn(by, matrix[p * d + i], matrix[q * d + i]);
    }
  }
}

}  // namespace softmix

// A row has a part in few pairs: what NumPy would do for all rows and pairs, this does where it matters.
#include "merge_losses.hpp"

#include <algorithm>
#include <cmath>

namespace softmix {
namespace {

// A row with a smaller share in both of a pair is no row of theirs.
constexpr double kPart = 1e-3;
// A row's log-density gains no more than this by a merge.
constexpr double kMost = 50.0;
// After a merge a row keeps at least this share of its density: its log is finite.
constexpr double kLeast = 1e-15;

// ½ |F y|².
double half_distance(ptrdiff_t d, bool matrix, const double* factor, const double* y) {
  double sum = 0.0;
  for (ptrdiff_t a = 0; a < d; ++a) {
    double z = 0.0;
    if (matrix)
      for (ptrdiff_t b = 0; b <= a; ++b) z += factor[a * d + b] * y[b];
    else
      z = factor[a] * y[a];
    sum += z * z;
  }
  return 0.5 * sum;
}

}  // namespace

void merge_losses(const Memberships& memberships, const Merged& merged, double* losses, double* scratch) {
  const ptrdiff_t d = memberships.d, stride = merged.matrices ? d * d : d;
  for (ptrdiff_t row = 0; row < memberships.n; ++row) {
    const double* x = memberships.rows + row * d;
    const double* resp = memberships.resp + row * memberships.components;
    const double weight = memberships.row_weights ? memberships.row_weights[row] : 1.0;
    for (ptrdiff_t pair = 0; pair < merged.m; ++pair) {
      const double share = resp[merged.pairs[2 * pair]] + resp[merged.pairs[2 * pair + 1]];
      if (share < kPart) continue;
      for (ptrdiff_t c = 0; c < d; ++c) scratch[c] = x[c] - merged.means[pair * d + c];
      const double log_joint =
          merged.log_constants[pair] - half_distance(d, merged.matrices, merged.factors + pair * stride, scratch);
      const double together = std::exp(std::min(log_joint - memberships.log_norm[row], kMost));
      losses[pair] -= weight * std::log(std::max(1.0 - share + together, kLeast));
    }
  }
}

}  // namespace softmix

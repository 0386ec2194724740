// What the log-likelihood loses when two components become one: a vector across the rows that have a
// part in the pair, which are few where components are many.
#pragma once

#include "merges.hpp"
#include "vector_math.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// A row with a smaller share in both of a pair is no row of theirs.
constexpr double kPart = 1e-3;
// A row's log-density gains no more than this by a merge.
constexpr double kMost = 50.0;
// After a merge a row keeps at least this share of its density: its log is finite.
constexpr double kLeast = 1e-15;

// The share of a row in a pair of components.
SOFTMIX_INLINE double share_of(const Memberships& memberships, const int64_t* pair, ptrdiff_t row) {
  const double* resp = memberships.resp + row * memberships.components;
  return resp[pair[0]] + resp[pair[1]];
}

// Lists the rows that have a part in a pair, and then the last one of them again until a vector is full; gives how
// many there are.
inline ptrdiff_t rows_of_pair(const Memberships& memberships, const int64_t* pair, int32_t* at) {
  ptrdiff_t found = 0;
  for (ptrdiff_t row = 0; row < memberships.n; ++row) {
    at[found] = int32_t(row);
    found += share_of(memberships, pair, row) >= kPart;
  }
  return found;
}

// ½ |F y|² for each lane of y (d, lanes).
SOFTMIX_INLINE Vec<double> half_distances(ptrdiff_t d, bool matrix, const double* factor, const double* y) {
  Vec<double> sum{};
  for (ptrdiff_t a = 0; a < d; ++a) {
    Vec<double> z{};
    if (matrix)
      for (ptrdiff_t b = 0; b <= a; ++b) z += factor[a * d + b] * load(y + b * lanes<double>);
    else
      z = factor[a] * load(y + a * lanes<double>);
    sum += z * z;
  }
  return 0.5 * sum;
}

// Adds Σ_i w_i log(p(x_i) / p'(x_i)) to losses (m), p' the density with that pair merged. Rows that neither of a pair
// has a part in are left out.
inline void merge_losses(const Memberships& memberships, const Merged& merged, double* losses, double* scratch) {
  constexpr int kLanes = lanes<double>;
  const ptrdiff_t d = memberships.d, stride = merged.matrices ? d * d : d;
  double* const y = scratch;
  int32_t* const at = reinterpret_cast<int32_t*>(scratch + 8 * d);
  for (ptrdiff_t pair = 0; pair < merged.m; ++pair) {
    const double *mean = merged.means + pair * d, *factor = merged.factors + pair * stride;
    const int64_t* const both = merged.pairs + 2 * pair;
    const ptrdiff_t found = rows_of_pair(memberships, both, at);
    Vec<double> loss{};
    for (ptrdiff_t first = 0; first < found; first += kLanes) {
      Vec<double> share{}, log_norm{}, weight{};
      for (int lane = 0; lane < kLanes; ++lane) {
        // Lanes beyond the last row see it again, with weight 0.
        const bool counts = first + lane < found;
        const ptrdiff_t row = at[counts ? first + lane : found - 1];
        for (ptrdiff_t c = 0; c < d; ++c) y[c * kLanes + lane] = memberships.rows[row * d + c] - mean[c];
        share[lane] = share_of(memberships, both, row);
        log_norm[lane] = memberships.log_norm[row];
        weight[lane] = !counts ? 0.0 : memberships.row_weights ? memberships.row_weights[row] : 1.0;
      }
      const Vec<double> gain = merged.log_constants[pair] - half_distances(d, merged.matrices, factor, y) - log_norm;
      const Vec<double> together = exp_or_zero<double>(gain < kMost ? gain : splat(kMost), Format<double>::kExpMin);
      loss -= weight * log<double>(max<double>(1.0 - share + together, splat(kLeast)));
    }
    for (int lane = 0; lane < kLanes; ++lane) losses[pair] += loss[lane];
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

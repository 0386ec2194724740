// The merges of two components that are weighed: what `merge_losses` of an instruction set takes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softmix {

// Rows in cache, and the mixture's memberships (n, K) and log-densities (n) of them.
struct Memberships {
  ptrdiff_t n, d, components;
  const double *rows, *row_weights;  // row_weights may be null
  const double *resp, *log_norm;
};

// For each of m pairs (i, j) the one component that they make: log π + log |F| − ½ d log 2π, mean, and F, which is
// lower triangular (d, d) or, for variances, diagonal (d).
struct Merged {
  ptrdiff_t m;
  bool matrices;
  const int64_t* pairs;
  const double *log_constants, *means, *factors;
};

// Numbers of scratch memory that losses of merges need on n rows.
constexpr size_t merge_scratch_size(ptrdiff_t n, ptrdiff_t d) { return size_t(8 * d + n / 2 + 1); }

}  // namespace softmix

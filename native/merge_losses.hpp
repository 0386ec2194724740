// What the log-likelihood loses when two components become one.
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

// Adds Σ_i w_i log(p(x_i) / p'(x_i)) to losses (m), p' the density with that pair merged. Rows that neither of a pair
// has a part in are left out. `scratch` holds d numbers.
void merge_losses(const Memberships& memberships, const Merged& merged, double* losses, double* scratch);

}  // namespace softmix

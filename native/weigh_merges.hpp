// Which pairs of components lose least when they become one.
#pragma once

#include "gaussian_kernel.hpp"

namespace softmix {

// A mixture whose merges are weighed: as the kernel takes it, and its covariances (K, d, d) or variances (K, d).
struct Mergeable {
  const double *weights, *means, *factors, *log_constants, *covariances;
};

// The pairs (m, 2) that may merge. Of them the `kept` with the lowest Kullback-Leibler bounds (Runnalls 2007) are
// weighed; the log of a variance counts as no lower than that of `lowest`.
struct Pairs {
  ptrdiff_t m, kept;
  const int64_t* components;
  double lowest;
};

// Every `step`-th of n rows.
struct SomeRows {
  ptrdiff_t n, step;
  const double *rows, *row_weights;  // row_weights may be null
};

// Writes which pairs were weighed, ascending, and what Σ_i w_i log p(x_i) loses by each. It allocates.
void weigh_merges(const InstructionSet& set, Dimensions dims, const Mergeable& mixture, const Pairs& pairs,
                  const SomeRows& some, int64_t* chosen, double* losses);

}  // namespace softmix

// The moments of clusters of rows.
#pragma once

#include <cstddef>

namespace softmix {

// Rows (n, d), and the share that each of `clusters` has in each, (n, K).
struct SharedRows {
  ptrdiff_t n, d, clusters;
  const double *rows, *shares;
};

// Writes the counts (K), the means (K, d), and the covariances (K, d, d) or, where no `matrices` are wanted, the
// variances (K, d), of the clusters; zeros of one that has no rows.
void cluster_moments(const SharedRows& shared, bool matrices, double* counts, double* means, double* covariances);

}  // namespace softmix

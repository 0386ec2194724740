// Model-based agglomeration: which clusters become one, pair after pair.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softmix {

// n clusters of rows: their weights, means (n, d), and covariances (n, d, d) or, of no `matrices`, variances (n, d).
struct Clusters {
  ptrdiff_t n, d;
  bool matrices;
  const double *weights, *means, *covariances;
};

// What a cluster of n_k rows costs: n_k log |C_k|, where C_k is its covariance, its variances, or, `spherical`, their
// mean, with so many pseudo-rows more, round and as wide as it is on average, and `apart` wider.
struct ClusterCost {
  bool spherical;
  double pseudo_rows, apart;
};

// Writes the pairs (i, j), i < j, that cost least when they become one, one after the other, until `left` clusters
// remain, (n − left, 2); what they become is i. It allocates.
void agglomerate(const Clusters& clusters, ptrdiff_t left, const ClusterCost& cost, int64_t* merges);

}  // namespace softmix

// In two passes, so that nothing cancels; of the rows of a cluster alone, which are few.
#include "cluster_moments.hpp"

#include <algorithm>
#include <vector>

namespace softmix {
namespace {

// A smaller share of a row is rounding.
constexpr double kNone = 1e-16;

// Calls back with (cluster, share, row) wherever a cluster has a share.
template <class Visit> void for_each_share(const SharedRows& shared, Visit visit) {
  for (ptrdiff_t i = 0; i < shared.n; ++i)
    for (ptrdiff_t k = 0; k < shared.clusters; ++k) {
      const double share = shared.shares[i * shared.clusters + k];
      if (share > kNone) visit(k, share, shared.rows + i * shared.d);
    }
}

}  // namespace

void cluster_moments(const SharedRows& shared, bool matrices, double* counts, double* means, double* covariances) {
  const ptrdiff_t K = shared.clusters, d = shared.d, size = matrices ? d * d : d;
  std::fill(counts, counts + K, 0.0);
  std::fill(means, means + K * d, 0.0);
  std::fill(covariances, covariances + K * size, 0.0);
  for_each_share(shared, [&](ptrdiff_t k, double share, const double* row) {
    counts[k] += share;
    for (ptrdiff_t j = 0; j < d; ++j) means[k * d + j] += share * row[j];
  });
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t j = 0; j < d && counts[k] > 0.0; ++j) means[k * d + j] /= counts[k];
  std::vector<double> away(static_cast<size_t>(d));
  for_each_share(shared, [&](ptrdiff_t k, double share, const double* row) {
    double *y = away.data(), *sums = covariances + k * size;
    for (ptrdiff_t j = 0; j < d; ++j) y[j] = row[j] - means[k * d + j];
    for (ptrdiff_t i = 0; i < d; ++i) {
      const double part = share * y[i];
      if (!matrices)
        sums[i] += part * y[i];
      else
        for (ptrdiff_t j = 0; j <= i; ++j) sums[i * d + j] += part * y[j];
    }
  });
  for (ptrdiff_t k = 0; k < K; ++k) {
    double* sums = covariances + k * size;
    for (ptrdiff_t i = 0; i < size && counts[k] > 0.0; ++i) sums[i] /= counts[k];
    for (ptrdiff_t i = 0; i < d && matrices; ++i)
      for (ptrdiff_t j = 0; j < i; ++j) sums[j * d + i] = sums[i * d + j];
  }
}

}  // namespace softmix

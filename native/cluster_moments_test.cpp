// Moments of clusters against plain sums, in buffers of exactly the promised size: built with AddressSanitizer and
// UndefinedBehaviorSanitizer by `make sanitize`.
#include "cluster_moments.hpp"

#include <random>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::expect_close;
using Vector = std::vector<double>;

constexpr ptrdiff_t kRows = 40, kClusters = 3;  // the last cluster has no rows

void check(ptrdiff_t d, bool matrices, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Vector rows, shares;
  for (ptrdiff_t i = 0; i < kRows * d; ++i) rows.push_back(5.0 + normal(generator));
  for (ptrdiff_t i = 0; i < kRows; ++i) {
    shares.push_back(i % 3 ? uniform(generator) : 0.0);
    shares.push_back(1.0 - shares.back());
    shares.push_back(0.0);
  }
  const ptrdiff_t size = matrices ? d * d : d;
  Vector counts(size_t{kClusters}), means(size_t(kClusters * d)), covariances(size_t(kClusters * size));
  softmix::cluster_moments({kRows, d, kClusters, rows.data(), shares.data()}, matrices, counts.data(), means.data(),
                           covariances.data());
  for (ptrdiff_t k = 0; k < kClusters; ++k) {
    const auto mean_of = [&](auto value) {
      double sum = 0.0, count = 0.0;
      for (ptrdiff_t i = 0; i < kRows; ++i) {
        sum += shares[size_t(i * kClusters + k)] * value(rows.data() + i * d);
        count += shares[size_t(i * kClusters + k)];
      }
      expect_close("a count", counts[size_t(k)], count, 1e-12);
      return count > 0.0 ? sum / count : 0.0;
    };
    Vector mean;
    for (ptrdiff_t j = 0; j < d; ++j) {
      mean.push_back(mean_of([j](const double* row) { return row[j]; }));
      expect_close("a mean", means[size_t(k * d + j)], mean.back(), 1e-12);
    }
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = matrices ? 0 : i; j < (matrices ? d : i + 1); ++j) {
        const double expected =
            mean_of([&](const double* row) { return (row[i] - mean[size_t(i)]) * (row[j] - mean[size_t(j)]); });
        expect_close("a covariance", covariances[size_t(k * size + (matrices ? i * d + j : i))], expected, 1e-12);
      }
  }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  for (const ptrdiff_t d : {1, 2, 6})
    for (const bool matrices : {true, false}) check(d, matrices, generator);
  return 0;
}

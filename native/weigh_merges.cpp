// A merge is weighed on rows, but only where a bound that needs none says that it may be cheap: this is what
// kernels/reference.py does with arrays, whose calls cost more than the arithmetic where rows are few.
#include "weigh_merges.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "inverse_cholesky.hpp"
#include "merges.hpp"

namespace softmix {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
// Rows whose memberships are held at once.
constexpr ptrdiff_t kRows = 256;

// One component: its moments, and of them log |Σ| and the inverse Cholesky factor.
class Component {
 public:
  Component(ptrdiff_t d, bool matrices, double lowest)
      : mean(size_t(d)),
        factor(size_t(matrices ? d * d : d)),
        d_(d),
        matrices_(matrices),
        lowest_(lowest),
        covariance_(factor.size()),
        scratch_(size_t(d * d)) {}

  double weight = 0.0, log_volume = 0.0;
  std::vector<double> mean, factor;

  void become(const Mergeable& mixture, ptrdiff_t k) {
    weight = mixture.weights[k];
    std::copy_n(mixture.means + k * d_, d_, mean.begin());
    std::copy_n(mixture.covariances + k * size(), size(), covariance_.begin());
    measure();
  }

  void become(const Mergeable& mixture, ptrdiff_t i, ptrdiff_t j) {
    weight = mixture.weights[i] + mixture.weights[j];
    const double share = weight > 0.0 ? mixture.weights[i] / weight : 0.5;
    const double *one = mixture.means + i * d_, *other = mixture.means + j * d_;
    for (ptrdiff_t a = 0; a < d_; ++a) mean[size_t(a)] = share * one[a] + (1.0 - share) * other[a];
    const double *first = mixture.covariances + i * size(), *second = mixture.covariances + j * size();
    for (ptrdiff_t at = 0; at < size(); ++at) {
      const ptrdiff_t a = matrices_ ? at / d_ : at, b = matrices_ ? at % d_ : at;
      const double between = share * (1.0 - share) * (one[a] - other[a]) * (one[b] - other[b]);
      covariance_[size_t(at)] = share * first[at] + (1.0 - share) * second[at] + between;
    }
    measure();
  }

  double log_constant() const {
    double log_det = 0.0;
    for (ptrdiff_t a = 0; a < d_; ++a) log_det += std::log(factor[size_t(matrices_ ? a * (d_ + 1) : a)]);
    return std::log(weight) + log_det - 0.5 * double(d_) * kLog2Pi;
  }

 private:
  ptrdiff_t size() const { return ptrdiff_t(covariance_.size()); }

  void measure() {
    const double log_lowest = std::log(lowest_);
    if (!matrices_) {
      log_volume = 0.0;
      for (size_t a = 0; a < factor.size(); ++a) {
        const double variance = std::max(covariance_[a], lowest_);
        log_volume += std::log(variance);
        factor[a] = 1.0 / std::sqrt(variance);
      }
      return;
    }
    double squared_norm;
    inverse_cholesky(1, d_, covariance_.data(), factor.data(), &squared_norm, scratch_.data());
    if (!(squared_norm * lowest_ <= 1.0)) {  // some direction is doubtful: all are held up by as much as one may need
      for (ptrdiff_t a = 0; a < d_; ++a) covariance_[size_t(a * (d_ + 1))] += lowest_;
      inverse_cholesky(1, d_, covariance_.data(), factor.data(), &squared_norm, scratch_.data());
      if (!std::isfinite(squared_norm)) {
        std::fill(factor.begin(), factor.end(), 0.0);
        for (ptrdiff_t a = 0; a < d_; ++a) factor[size_t(a * (d_ + 1))] = 1.0 / std::sqrt(lowest_);
      }
    }
    log_volume = 0.0;
    for (ptrdiff_t a = 0; a < d_; ++a) log_volume -= 2.0 * std::log(factor[size_t(a * (d_ + 1))]);
    log_volume = std::max(log_volume, double(d_) * log_lowest);
  }

  ptrdiff_t d_;
  bool matrices_;
  double lowest_;
  std::vector<double> covariance_, scratch_;
};

// π_ij log |Σ_ij| − π_i log |Σ_i| − π_j log |Σ_j|: twice a bound on the divergence from the pair to the one.
std::vector<double> bounds_of(ptrdiff_t K, const Mergeable& mixture, const Pairs& pairs, Component& component) {
  std::vector<double> own(size_t(K), 0.0), bounds(size_t(pairs.m), 0.0);
  for (ptrdiff_t k = 0; k < K; ++k) {
    component.become(mixture, k);
    own[size_t(k)] = component.weight * component.log_volume;
  }
  for (ptrdiff_t pair = 0; pair < pairs.m; ++pair) {
    const int64_t i = pairs.components[2 * pair], j = pairs.components[2 * pair + 1];
    component.become(mixture, i, j);
    bounds[size_t(pair)] = component.weight * component.log_volume - own[size_t(i)] - own[size_t(j)];
  }
  return bounds;
}

// The `kept` pairs of the lowest bounds, ascending.
std::vector<int64_t> cheapest(ptrdiff_t K, const Mergeable& mixture, const Pairs& pairs, Component& component) {
  std::vector<int64_t> chosen(size_t(pairs.m), 0);
  std::iota(chosen.begin(), chosen.end(), 0);
  if (pairs.m == pairs.kept) return chosen;
  const std::vector<double> bounds = bounds_of(K, mixture, pairs, component);
  std::nth_element(chosen.begin(), chosen.begin() + pairs.kept, chosen.end(), [&](int64_t a, int64_t b) {
    return bounds[size_t(a)] < bounds[size_t(b)] || (bounds[size_t(a)] == bounds[size_t(b)] && a < b);
  });
  chosen.resize(size_t(pairs.kept));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

// The merged components side by side, as the losses read them.
struct MergedStack {
  std::vector<int64_t> pairs;
  std::vector<double> log_constants, means, factors;

  void add(const Component& component, int64_t i, int64_t j) {
    pairs.insert(pairs.end(), {i, j});
    log_constants.push_back(component.log_constant());
    means.insert(means.end(), component.mean.begin(), component.mean.end());
    factors.insert(factors.end(), component.factor.begin(), component.factor.end());
  }
};

}  // namespace

void weigh_merges(const InstructionSet& set, Dimensions dims, const Mergeable& mixture, const Pairs& pairs,
                  const SomeRows& some, int64_t* chosen, double* losses) {
  const ptrdiff_t K = dims.components, d = dims.features;
  const bool matrices = dims.shape == Shape::full || dims.shape == Shape::shared;
  Component component(d, matrices, pairs.lowest);
  const std::vector<int64_t> weighed = cheapest(K, mixture, pairs, component);
  MergedStack stack;
  for (int64_t pair : weighed) {
    const int64_t i = pairs.components[2 * pair], j = pairs.components[2 * pair + 1];
    component.become(mixture, i, j);
    stack.add(component, i, j);
  }
  std::copy(weighed.begin(), weighed.end(), chosen);
  std::fill(losses, losses + pairs.kept, 0.0);
  const Merged merged = {
      pairs.kept, matrices, stack.pairs.data(), stack.log_constants.data(), stack.means.data(), stack.factors.data()};
  const GaussianKernel<double>& kernel = set.gaussian_double;
  std::vector<double> packed(kernel.packed_size(dims)), workspace(kernel.workspace_size(dims)), centers(size_t(K * d));
  kernel.pack(dims, mixture.means, mixture.factors, mixture.log_constants, packed.data(), centers.data());
  std::vector<double> rows(size_t(kRows * d)), row_weights(size_t(kRows), 1.0), resp(size_t(kRows * K)),
      log_norm(size_t(kRows), 0.0), scratch(merge_scratch_size(kRows, d));
  const ptrdiff_t n = (some.n + some.step - 1) / some.step;
  for (ptrdiff_t first = 0; first < n; first += kRows) {
    const ptrdiff_t size = std::min(kRows, n - first);
    for (ptrdiff_t row = 0; row < size; ++row) {
      const ptrdiff_t from = (first + row) * some.step;
      std::copy_n(some.rows + from * d, d, rows.begin() + row * d);
      if (some.row_weights) row_weights[size_t(row)] = some.row_weights[from];
    }
    kernel.evaluate(dims, packed.data(), size, rows.data(), {log_norm.data(), resp.data(), nullptr, nullptr},
                    workspace.data());
    const Memberships memberships = {size, d, K, rows.data(), row_weights.data(), resp.data(), log_norm.data()};
    set.merge_losses(memberships, merged, losses, scratch.data());
  }
}

}  // namespace softmix

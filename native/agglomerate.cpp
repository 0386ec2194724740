// Banfield & Raftery (1993); fit/starts/hierarchical.py says what is minimised, and why. A search cuts one hierarchy,
// of all pairs of a few hundred clusters: calls of NumPy cost ten times what the pairs do.
#include "agglomerate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace softmix {
namespace {

// No pivot of a covariance is lower: what is held up has none that is.
constexpr double kLeast = 1e-300;

class Agglomeration {
 public:
  Agglomeration(const Clusters& clusters, const ClusterCost& cost)
      : n_(clusters.n),
        d_(clusters.d),
        size_(clusters.matrices ? clusters.d * clusters.d : clusters.d),
        matrices_(clusters.matrices),
        cost_(cost),
        weights_(clusters.weights, clusters.weights + n_),
        means_(clusters.means, clusters.means + n_ * d_),
        covariances_(clusters.covariances, clusters.covariances + n_ * size_),
        costs_(size_t(n_)),
        losses_(size_t(n_ * n_), std::numeric_limits<double>::infinity()),
        nearest_(size_t(n_), 0),
        is_left_(size_t(n_), true),
        mean_(size_t(d_)),
        merged_(size_t(size_)),
        factor_(size_t(size_)) {
    for (ptrdiff_t i = 0; i < n_; ++i) costs_[size_t(i)] = term(weights_[size_t(i)], covariance(i));
    for (ptrdiff_t i = 0; i < n_; ++i) {
      for (ptrdiff_t j = i + 1; j < n_; ++j) weigh(i, j);
      find_nearest(i);
    }
  }

  void join(int64_t* pair) {
    ptrdiff_t i = -1;
    for (ptrdiff_t row = 0; row < n_; ++row)
      if (is_left_[size_t(row)] && (i < 0 || lowest(row) < lowest(i))) i = row;
    const ptrdiff_t j = nearest_[size_t(i)];
    pair[0] = i;
    pair[1] = j;
    weights_[size_t(i)] = merge(i, j);
    std::copy(mean_.begin(), mean_.end(), means_.begin() + i * d_);
    std::copy(merged_.begin(), merged_.end(), covariances_.begin() + i * size_);
    costs_[size_t(i)] = term(weights_[size_t(i)], covariance(i));
    is_left_[size_t(j)] = false;
    for (ptrdiff_t other = 0; other < n_; ++other) {
      loss(std::min(other, j), std::max(other, j)) = std::numeric_limits<double>::infinity();
      if (is_left_[size_t(other)] && other != i) weigh(std::min(other, i), std::max(other, i));
    }
    for (ptrdiff_t row = 0; row < n_; ++row)
      if (is_left_[size_t(row)]) renew(row, i, j);
  }

 private:
  const double* covariance(ptrdiff_t i) const { return covariances_.data() + i * size_; }
  double& loss(ptrdiff_t i, ptrdiff_t j) { return losses_[size_t(i * n_ + j)]; }
  double lowest(ptrdiff_t i) { return loss(i, nearest_[size_t(i)]); }

  void weigh(ptrdiff_t i, ptrdiff_t j) {
    const double weight = merge(i, j);
    loss(i, j) = term(weight, merged_.data()) - (costs_[size_t(i)] + costs_[size_t(j)]);
  }

  // Of the clusters after i the one that costs least, and the first of equals.
  void find_nearest(ptrdiff_t i) {
    const double* row = losses_.data() + i * n_;
    nearest_[size_t(i)] = std::min_element(row, row + n_) - row;
  }

  // The nearest of `row` once i has become another, and j is gone.
  void renew(ptrdiff_t row, ptrdiff_t i, ptrdiff_t j) {
    ptrdiff_t& nearest = nearest_[size_t(row)];
    if (row == i || nearest == i || nearest == j)
      find_nearest(row);
    else if (row < i && (loss(row, i) < lowest(row) || (loss(row, i) == lowest(row) && i < nearest)))
      nearest = i;
  }

  // The weight of what i and j make; its mean and covariance are left in `mean_` and `merged_`.
  double merge(ptrdiff_t i, ptrdiff_t j) {
    const double weight = weights_[size_t(i)] + weights_[size_t(j)];
    const double share = weight > 0.0 ? weights_[size_t(i)] / weight : 0.5, rest = 1.0 - share, between = share * rest;
    const double *one = means_.data() + i * d_, *other = means_.data() + j * d_;
    const double *ours = covariance(i), *theirs = covariance(j);
    for (ptrdiff_t a = 0; a < d_; ++a) mean_[size_t(a)] = share * one[a] + rest * other[a];
    for (ptrdiff_t a = 0; a < d_; ++a)
      for (ptrdiff_t b = matrices_ ? 0 : a; b <= a; ++b) {
        const ptrdiff_t at = matrices_ ? a * d_ + b : a;
        merged_[size_t(at)] =
            share * ours[at] + rest * theirs[at] + between * (one[a] - other[a]) * (one[b] - other[b]);
      }
    return weight;
  }

  // n log |C|, of a covariance of which the lower triangle is read.
  double term(double weight, const double* covariance) {
    const ptrdiff_t step = matrices_ ? d_ + 1 : 1;
    double trace = 0.0;
    for (ptrdiff_t a = 0; a < d_; ++a) trace += covariance[a * step];
    const double mean = trace / double(d_), own = weight / (weight + cost_.pseudo_rows);
    const double held = (1.0 - own) * (mean + cost_.apart);
    if (cost_.spherical) return weight * double(d_) * std::log(own * mean + held);
    return weight * (matrices_ ? log_det(own, covariance, held) : log_product(own, covariance, held));
  }

  double log_product(double own, const double* variances, double held) const {
    double sum = 0.0;
    for (ptrdiff_t a = 0; a < d_; ++a) sum += std::log(own * variances[a] + held);
    return sum;
  }

  // Of own · covariance + held · I, by its Cholesky factor.
  double log_det(double own, const double* covariance, double held) {
    double sum = 0.0, *factor = factor_.data();
    for (ptrdiff_t a = 0; a < d_; ++a) {
      for (ptrdiff_t b = 0; b <= a; ++b) {
        double rest = own * covariance[a * d_ + b] + (a == b ? held : 0.0);
        for (ptrdiff_t c = 0; c < b; ++c) rest -= factor[a * d_ + c] * factor[b * d_ + c];
        factor[a * d_ + b] = a == b ? std::sqrt(std::max(rest, kLeast)) : rest / factor[b * d_ + b];
      }
      sum += std::log(factor[a * d_ + a]);
    }
    return 2.0 * sum;
  }

  ptrdiff_t n_, d_, size_;
  bool matrices_;
  ClusterCost cost_;
  std::vector<double> weights_, means_, covariances_, costs_, losses_;
  std::vector<ptrdiff_t> nearest_;
  std::vector<bool> is_left_;
  std::vector<double> mean_, merged_, factor_;
};

}  // namespace

void agglomerate(const Clusters& clusters, ptrdiff_t left, const ClusterCost& cost, int64_t* merges) {
  Agglomeration all(clusters, cost);
  for (ptrdiff_t n = clusters.n; n > left; --n, merges += 2) all.join(merges);
}

}  // namespace softmix

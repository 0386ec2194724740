// Rows of a label in groups, each with the components it needs: what src/softmix/sweep/grouping.py and
// src/softmix/e_step/candidates.py say, label by label without Python.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "groups.hpp"

namespace softmix {

// The constants of src/softmix/e_step/negligible.py (`certain` is all that is taken off a density's lower bound), and
// what groups cost, of src/softmix/sweep/costs.py.
struct GroupingRules {
  double stretch, shift, certain, level, alpha, offset;
  double outer;  // the distance from which rows are better apart
  double tile, per_row, per_component, per_group;

  // What log p(x, k) − (1 − α) a_k may be at most for x not to need k.
  double negligible_below(double own, double distance) const {
    const double reach = (1.0 + stretch) * (distance + shift);
    return alpha * (own - certain - 0.5 * reach * reach - level) - offset;
  }

  double cost(size_t rows, size_t components) const {
    const double whole = std::ceil(double(rows) / tile) * tile;
    return whole * (double(components) + per_row) + per_group + per_component * double(components);
  }
};

// The mixture at the reference: means about their middle, the rounding of distances between them, and what bounds
// ‖F_k L_l‖: of full factors a number of each, else the roots L beside the factors.
struct GroupingReference {
  AllComponents all;
  const double *means, *rounding, *of_factors, *of_roots;
};

// A group; `rows` are positions among the rows that were given.
struct RowGroup {
  int64_t label;
  double distance = 0.0;
  std::vector<int64_t> rows, components, likeliest;  // likeliest: some of the components

  void join(const RowGroup& far) {
    const auto unite = [](std::vector<int64_t>& into, const std::vector<int64_t>& more) {
      std::vector<int64_t> both;
      std::set_union(into.begin(), into.end(), more.begin(), more.end(), std::back_inserter(both));
      into.swap(both);
    };
    rows.insert(rows.end(), far.rows.begin(), far.rows.end());
    unite(components, far.components);
    unite(likeliest, far.likeliest);
    distance = far.distance;
  }
};

template <class T> class RowGrouper {
 public:
  // `at` are the rows in the source, and `labels` (written too) a component of each.
  RowGrouper(const GaussianKernel<T>& kernel, Dimensions dims, const GroupingReference& reference,
             const GroupingRules& rules, const T* source, const int64_t* at, int64_t* labels)
      : kernel_(kernel), dims_(dims), reference_(reference), rules_(rules), source_(source), at_(at), labels_(labels) {}

  // The groups of the rows [first, last), all of one label.
  void add_groups(int64_t first, int64_t last, std::vector<RowGroup>& out) {
    const int64_t label = labels_[first];
    std::vector<int64_t> inner, outer;
    double inner_farthest = 0.0, farthest = 0.0;
    const std::vector<int64_t> own(1, label);
    std::vector<int64_t> all(size_t(last - first), 0);
    for (size_t t = 0; t < all.size(); ++t) all[t] = first + int64_t(t);
    const T* const joint = evaluate(all, own, own_);
    const double constant = reference_.all.log_constants[label];
    for (size_t t = 0; t < all.size(); ++t) {
      const double distance = distance_of(constant, double(joint[t]));
      const bool is_outer = distance > rules_.outer;
      (is_outer ? outer : inner).push_back(all[t]);
      double& most = is_outer ? farthest : inner_farthest;
      most = !(distance <= most) ? distance : most;
    }
    if (inner.empty() || outer.empty()) {
      out.push_back(group(label, all, outer.empty() ? inner_farthest : farthest));
      return;
    }
    RowGroup near = group(label, inner, inner_farthest), far = group(label, outer, farthest);
    const double apart =
        rules_.cost(near.rows.size(), near.components.size()) + rules_.cost(far.rows.size(), far.components.size());
    RowGroup together = near;
    together.join(far);
    if (apart < rules_.cost(together.rows.size(), together.components.size())) {
      out.push_back(std::move(near));
      out.push_back(std::move(far));
    } else {
      out.push_back(std::move(together));
    }
  }

 private:
  static double distance_of(double constant, double joint) { return std::sqrt(2.0 * std::max(constant - joint, 0.0)); }

  double slope(int64_t k) const { return (1.0 - rules_.alpha) * reference_.all.log_constants[k]; }

  RowGroup group(int64_t label, const std::vector<int64_t>& rows, double farthest) {
    const std::vector<int64_t> near = candidates(label, farthest);
    const size_t L = near.size();
    const T* const joint = evaluate(rows, near, near_);
    std::vector<char> needed(L, 0), likeliest(L, 0);
    for (size_t t = 0; t < rows.size(); ++t) {
      const T* const of_row = joint + t * L;
      const size_t best = size_t(std::max_element(of_row, of_row + L) - of_row);
      likeliest[best] = 1;
      labels_[rows[t]] = near[best];
      const double own = reference_.all.log_constants[near[best]];
      const double level = rules_.negligible_below(own, distance_of(own, double(of_row[best])));
      // Where densities overflow nothing is known.
      const bool unknown = !std::isfinite(level);
      for (size_t i = 0; i < L; ++i) needed[i] |= char(unknown || double(of_row[i]) > level + slope(near[i]));
    }
    RowGroup found;
    found.label = label, found.distance = farthest, found.rows = rows;
    for (size_t i = 0; i < L; ++i) {
      if (needed[i]) found.components.push_back(near[i]);
      if (needed[i] && likeliest[i]) found.likeliest.push_back(near[i]);
    }
    return found;
  }

  // Components that may matter to rows within `distance` of component `label`.
  std::vector<int64_t> candidates(int64_t label, double distance) const {
    const double* const constants = reference_.all.log_constants;
    const double level = rules_.negligible_below(constants[label], distance);
    std::vector<int64_t> near;
    for (int64_t k = 0; k < dims_.components; ++k) {
      const double reach = apart(k, label) - reference_.rounding[k] - stretch(k, label) * distance;
      const double bound = constants[k] - 0.5 * std::max(reach, 0.0) * std::max(reach, 0.0);
      if (bound > level + slope(k) || !std::isfinite(reach) || !std::isfinite(level)) near.push_back(k);
    }
    return near;
  }

  // |F_k (μ_l − μ_k)|
  double apart(int64_t k, int64_t l) const {
    const ptrdiff_t d = dims_.features;
    const double *const from = reference_.means + k * d, *const to = reference_.means + l * d;
    const double* const factor = reference_.all.factors + k * factor_entries(dims_);
    double squared = 0.0;
    for (ptrdiff_t i = 0; i < d; ++i) {
      double z = 0.0;
      if (dims_.shape == Shape::full || dims_.shape == Shape::shared)
        for (ptrdiff_t j = 0; j <= i; ++j) z += factor[i * d + j] * (to[j] - from[j]);
      else
        z = factor[dims_.shape == Shape::diagonal ? i : 0] * (to[i] - from[i]);
      squared += z * z;
    }
    return std::sqrt(squared);
  }

  // ‖F_k L_l‖₂, or more.
  double stretch(int64_t k, int64_t l) const {
    if (dims_.shape == Shape::shared) return 1.0;
    const ptrdiff_t width = dims_.shape == Shape::diagonal ? dims_.features : 1;
    double most = 0.0;
    for (ptrdiff_t j = 0; j < width; ++j)
      most = std::max(most, reference_.of_factors[k * width + j] * reference_.of_roots[l * width + j]);
    return most;
  }

  // Some components as the kernel reads them, until others are wanted.
  struct Packing {
    std::vector<int64_t> components;
    std::vector<T> packed;
  };

  void pack(const std::vector<int64_t>& components, Packing& into) {
    if (components == into.components) return;
    const ptrdiff_t d = dims_.features, L = ptrdiff_t(components.size()), each = factor_entries(dims_);
    const Dimensions sub = {dims_.shape, L, d};
    means_.resize(size_t(L * d)), factors_.resize(size_t(L * each)), constants_.resize(size_t(L));
    gather(reference_.all.means, components.data(), L, d, means_.data());
    gather(reference_.all.factors, components.data(), L, each, factors_.data());
    gather(reference_.all.log_constants, components.data(), L, 1, constants_.data());
    centers_.resize(size_t(L * d));
    into.packed.resize(kernel_.packed_size(sub));
    kernel_.pack(sub, means_.data(), each ? factors_.data() : reference_.all.factors, constants_.data(),
                 into.packed.data(), centers_.data());
    into.components = components;
  }

  // log p(x, k) of some rows and components, (rows, components).
  const T* evaluate(const std::vector<int64_t>& rows, const std::vector<int64_t>& components, Packing& packing) {
    const ptrdiff_t d = dims_.features, L = ptrdiff_t(components.size()), n = ptrdiff_t(rows.size());
    pack(components, packing);
    values_.resize(size_t(n * d));
    for (ptrdiff_t t = 0; t < n; ++t) std::copy_n(source_ + at_[rows[size_t(t)]] * d, d, values_.begin() + t * d);
    const Dimensions sub = {dims_.shape, L, d};
    workspace_.resize(std::max(workspace_.size(), kernel_.workspace_size(sub)));
    joint_.resize(size_t(n * L));
    kernel_.evaluate(sub, packing.packed.data(), n, values_.data(), {nullptr, nullptr, nullptr, joint_.data()},
                     workspace_.data());
    return joint_.data();
  }

  const GaussianKernel<T>& kernel_;
  const Dimensions dims_;
  const GroupingReference& reference_;
  const GroupingRules& rules_;
  const T* const source_;
  const int64_t* const at_;
  int64_t* const labels_;
  Packing own_, near_;
  std::vector<T> values_, workspace_, joint_;
  std::vector<double> means_, factors_, constants_, centers_;
};

}  // namespace softmix

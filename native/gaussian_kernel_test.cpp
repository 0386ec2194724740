// The kernel against plain loops, for every instruction set of this machine, in buffers of exactly
// the promised size: built with AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`.
#include "gaussian_kernel.hpp"
#include "groups.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

namespace {

using softmix::Dimensions;
using softmix::GaussianKernel;
using softmix::Outputs;
using softmix::Shape;

struct Problem {
  Dimensions dims;
  std::vector<double> means, factors, constants;

  ptrdiff_t K() const { return dims.components; }
  ptrdiff_t d() const { return dims.features; }
  double factor(ptrdiff_t k, ptrdiff_t i, ptrdiff_t j) const {
    switch (dims.shape) {
      case Shape::full: return factors[size_t((k * d() + i) * d() + j)];
      case Shape::shared: return factors[size_t(i * d() + j)];
      case Shape::diagonal: return i == j ? factors[size_t(k * d() + i)] : 0.0;
      default: return i == j ? factors[size_t(k)] : 0.0;
    }
  }
};

// At separation 0 all components have nearly one place and shape, and every row belongs to all.
Problem make_problem(Dimensions dims, double separation, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(separation > 0 ? 0.5 : 0.95, separation > 0 ? 2.0 : 1.05);
  Problem p{dims, {}, {}, {}};
  const ptrdiff_t K = dims.components, d = dims.features;
  for (ptrdiff_t i = 0; i < K * d; ++i) p.means.push_back(separation * normal(generator));
  for (ptrdiff_t k = 0; k < K; ++k) p.constants.push_back(uniform(generator));
  if (dims.shape == Shape::full || dims.shape == Shape::shared) {
    const ptrdiff_t matrices = dims.shape == Shape::full ? K : 1;
    for (ptrdiff_t m = 0; m < matrices; ++m)
      for (ptrdiff_t i = 0; i < d; ++i)
        for (ptrdiff_t j = 0; j < d; ++j)
          p.factors.push_back(i == j  ? uniform(generator)
                              : i > j ? (separation > 0 ? 0.3 : 0.03) * normal(generator) / std::sqrt(double(d))
                                      : 0.0);
  } else {
    const ptrdiff_t count = dims.shape == Shape::diagonal ? K * d : K;
    for (ptrdiff_t i = 0; i < count; ++i) p.factors.push_back(uniform(generator));
  }
  return p;
}

ptrdiff_t scatter_entries(Dimensions dims) {
  const ptrdiff_t K = dims.components, d = dims.features, triangle = d * (d + 1) / 2;
  switch (dims.shape) {
    case Shape::full: return K * triangle;
    case Shape::shared: return triangle;
    case Shape::diagonal: return K * d;
    default: return K;
  }
}

// log p(x, k) by plain loops.
template <class T> std::vector<double> log_joint_of(const Problem& p, const T* row) {
  std::vector<double> joint;
  for (ptrdiff_t k = 0; k < p.K(); ++k) {
    double squares = 0;
    for (ptrdiff_t i = 0; i < p.d(); ++i) {
      double z = 0;
      for (ptrdiff_t j = 0; j <= i; ++j) z += p.factor(k, i, j) * (double(row[j]) - p.means[size_t(k * p.d() + j)]);
      squares += z * z;
    }
    joint.push_back(p.constants[size_t(k)] - 0.5 * squares);
  }
  return joint;
}

double log_sum_exp(const std::vector<double>& joint) {
  double top = joint[0], sum = 0;
  for (double value : joint) top = std::fmax(top, value);
  for (double value : joint) sum += std::exp(value - top);
  return top + std::log(sum);
}

// The size of the terms of which log p(x, k) is the difference: what rounding of it is relative to.
double size_of(const Problem& p, ptrdiff_t k, double log_joint) {
  const double constant = p.constants[size_t(k)];
  return 1 + std::fabs(constant) + (constant - log_joint);
}

void add_row(const Problem& p, const double* y, double r, ptrdiff_t k, double* out) {
  const ptrdiff_t K = p.K(), d = p.d();
  out[k] += r;
  double* const scatter = out + K + K * d;
  for (ptrdiff_t i = 0; i < d; ++i) {
    out[K + k * d + i] += r * y[i];
    if (p.dims.shape == Shape::diagonal) scatter[k * d + i] += r * y[i] * y[i];
    if (p.dims.shape == Shape::scalar) scatter[k] += r * y[i] * y[i];
    if (p.dims.shape == Shape::full || p.dims.shape == Shape::shared) {
      double* const matrix = scatter + (p.dims.shape == Shape::full ? k * (d * (d + 1) / 2) : 0);
      for (ptrdiff_t j = 0; j <= i; ++j) matrix[i * (i + 1) / 2 + j] += r * y[i] * y[j];
    }
  }
}

int failures = 0;

void expect_close(const char* what, const Problem& p, ptrdiff_t n, double actual, double expected, double tolerance) {
  if (std::fabs(actual - expected) <= tolerance) return;
  if (++failures <= 20)
    std::printf("shape %d, d=%td, K=%td, n=%td: %s is %.17g, not %.17g\n", int(p.dims.shape), p.d(), p.K(), n, what,
                actual, expected);
}

template <class T>
void check(const GaussianKernel<T>& kernel, const Problem& p, ptrdiff_t n, bool weighted, std::mt19937& generator) {
  const double tolerance = sizeof(T) == 8 ? 1e-12 : 2e-5;
  const ptrdiff_t K = p.K(), d = p.d(), entries = scatter_entries(p.dims), size = K + K * d + entries + 3;
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.0, 2.0);
  std::vector<T> rows;
  std::vector<double> weights;
  for (ptrdiff_t i = 0; i < n; ++i) {
    const ptrdiff_t k = ptrdiff_t(generator() % uint32_t(K));
    for (ptrdiff_t j = 0; j < d; ++j) rows.push_back(T(p.means[size_t(k * d + j)] + normal(generator)));
    weights.push_back(i % 7 ? uniform(generator) : 0.0);
  }
  std::vector<T> packed(kernel.packed_size(p.dims)), workspace(kernel.workspace_size(p.dims));
  std::vector<double> centers(size_t(K * d)), actual(size_t(size), 0.0), expected(size_t(size), 0.0);
  kernel.pack(p.dims, p.means.data(), p.factors.data(), p.constants.data(), packed.data(), centers.data());
  kernel.accumulate(p.dims, packed.data(), n, rows.data(), weighted ? weights.data() : nullptr, actual.data(),
                    workspace.data());
  const size_t each = size_t(n), all = size_t(n * K);
  std::vector<T> log_norm(each), resp(all), log_joint(all);
  std::vector<int64_t> labels(each);
  kernel.evaluate(p.dims, packed.data(), n, rows.data(),
                  Outputs<T>{log_norm.data(), resp.data(), labels.data(), log_joint.data()}, workspace.data());

  double magnitude = 1.0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    const T* row = rows.data() + i * d;
    const std::vector<double> joint = log_joint_of(p, row);
    const double norm = log_sum_exp(joint), weight = weighted ? weights[size_t(i)] : 1.0;
    const ptrdiff_t best = std::max_element(joint.begin(), joint.end()) - joint.begin();
    const double size_of_norm = size_of(p, best, joint[size_t(best)]);
    expect_close("log p(x)", p, n, double(log_norm[size_t(i)]), norm, tolerance * size_of_norm);
    for (ptrdiff_t k = 0; k < K; ++k) {
      const double r = std::exp(joint[size_t(k)] - norm);
      expect_close("log p(x, k)", p, n, double(log_joint[size_t(i * K + k)]), joint[size_t(k)],
                   tolerance * size_of(p, k, joint[size_t(k)]));
      expect_close("membership", p, n, double(resp[size_t(i * K + k)]), r, tolerance * size_of_norm);
      std::vector<double> y;
      for (ptrdiff_t j = 0; j < d; ++j) y.push_back(double(row[j]) - centers[size_t(k * d + j)]);
      add_row(p, y.data(), weight * r, k, expected.data());
    }
    expected[size_t(size - 3)] += weight * norm;
    expected[size_t(size - 2)] += weight;
    expected[size_t(size - 1)] += 1;
  }
  for (double value : expected) magnitude = std::fmax(magnitude, std::fabs(value));
  for (ptrdiff_t i = 0; i < size; ++i)
    expect_close("statistic", p, n, actual[size_t(i)], expected[size_t(i)], tolerance * magnitude);
}

// Rows in two groups, the first of which sees the last component alone, the second all.
template <class T> void check_groups(const GaussianKernel<T>& kernel, const Problem& p, std::mt19937& generator) {
  const ptrdiff_t K = p.K(), d = p.d(), n = 130, first = 31;
  std::normal_distribution<double> normal;
  std::vector<T> rows;
  for (ptrdiff_t i = 0; i < n * d; ++i) rows.push_back(T(normal(generator)));
  const std::vector<int64_t> row_starts = {0, first, n}, component_starts = {0, 1, 1 + K};
  std::vector<int64_t> components = {K - 1};
  for (ptrdiff_t k = 0; k < K; ++k) components.push_back(k);
  const size_t size = size_t(K + K * d + scatter_entries(p.dims) + 3);
  std::vector<double> actual(size, 0.0), expected(size, 0.0);
  std::vector<double> memory(softmix::GroupsWorkspace<T>(kernel, p.dims, K, nullptr).doubles);
  softmix::accumulate_groups<T>(kernel, p.dims, {p.means.data(), p.factors.data(), p.constants.data()},
                                {2, row_starts.data(), component_starts.data(), components.data()}, rows.data(),
                                nullptr, actual.data(), K, memory.data());

  std::vector<double> centers(size_t(K * d));
  std::vector<T> packed(kernel.packed_size(p.dims)), workspace(kernel.workspace_size(p.dims));
  kernel.pack(p.dims, p.means.data(), p.factors.data(), p.constants.data(), packed.data(), centers.data());
  kernel.accumulate(p.dims, packed.data(), n - first, rows.data() + first * d, nullptr, expected.data(),
                    workspace.data());
  for (ptrdiff_t i = 0; i < first; ++i) {
    std::vector<double> y;
    for (ptrdiff_t j = 0; j < d; ++j) y.push_back(double(rows[size_t(i * d + j)]) - centers[size_t((K - 1) * d + j)]);
    add_row(p, y.data(), 1.0, K - 1, expected.data());
    expected[size - 3] += log_joint_of(p, rows.data() + i * d).back();
    expected[size - 2] += 1;
    expected[size - 1] += 1;
  }
  double magnitude = 1.0;
  for (double value : expected) magnitude = std::fmax(magnitude, std::fabs(value));
  for (size_t i = 0; i < size; ++i)
    expect_close("statistic of groups", p, n, actual[i], expected[i], (sizeof(T) == 8 ? 1e-12 : 2e-5) * magnitude);
}

}  // namespace

int main() {
  int count, checks = 0;
  const softmix::InstructionSet* const* sets = softmix::instruction_sets(&count);
  for (int s = 0; s < count; ++s) {
    std::mt19937 generator(1);
    for (ptrdiff_t d : {1, 2, 3, 5, 8, 9, 13, 16, 17, 31, 32, 33, 40, 64, 100})
      for (ptrdiff_t K : {1, 2, 7, 16})
        for (int shape = 0; shape < 4; ++shape)
          for (double separation : {0.0, 1.0, 30.0}) {
            const Problem p = make_problem({static_cast<Shape>(shape), K, d}, separation, generator);
            const ptrdiff_t n = ptrdiff_t(1 + generator() % 300);
            check<double>(sets[s]->gaussian_double, p, n, checks % 2, generator);
            check<float>(sets[s]->gaussian_float, p, n, checks % 2, generator);
            check_groups<double>(sets[s]->gaussian_double, p, generator);
            check_groups<float>(sets[s]->gaussian_float, p, generator);
            ++checks;
          }
    // Rows enough that products are cut short.
    for (ptrdiff_t d : {25, 33, 52, 64})
      for (ptrdiff_t K : {3, 16, 24})
        for (int shape = 0; shape < 2; ++shape)
          for (double separation : {0.8, 2.0, 30.0}) {
            const Problem p = make_problem({static_cast<Shape>(shape), K, d}, separation, generator);
            const ptrdiff_t n = ptrdiff_t(400 + generator() % 300);
            check<double>(sets[s]->gaussian_double, p, n, checks % 2, generator);
            check<float>(sets[s]->gaussian_float, p, n, checks % 2, generator);
            ++checks;
          }
    std::printf("%s: checked\n", sets[s]->name);
  }
  std::printf("%d problems, %d failures\n", checks, failures);
  return failures != 0;
}

// Steps of EM against plain loops, for every instruction set of this machine, in buffers of exactly the promised
// size: built with AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`.
#include "short_run.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::Dimensions;
using softmix::expect_close;
using softmix::GaussianKernel;
using softmix::Shape;
using Vector = std::vector<double>;

struct Rows {
  ptrdiff_t n;
  Vector values, weights;
};

// Weights (K), means (K, d) and covariances (K, d, d), whatever the shape.
struct Plain {
  ptrdiff_t K, d;
  Vector weights, means, covariances;

  double& covariance(ptrdiff_t k, ptrdiff_t i, ptrdiff_t j) { return covariances[size_t((k * d + i) * d + j)]; }
};

// F with F A Fᵀ = I, by Cholesky and forward substitution.
Vector inverse_factor(ptrdiff_t d, const double* a) {
  Vector lower(size_t(d * d), 0.0), inverse(size_t(d * d), 0.0);
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j) {
      double sum = a[i * d + j];
      for (ptrdiff_t c = 0; c < j; ++c) sum -= lower[size_t(i * d + c)] * lower[size_t(j * d + c)];
      lower[size_t(i * d + j)] = i == j ? std::sqrt(sum) : sum / lower[size_t(j * d + j)];
    }
  for (ptrdiff_t j = 0; j < d; ++j)
    for (ptrdiff_t i = j; i < d; ++i) {
      double sum = i == j ? 1.0 : 0.0;
      for (ptrdiff_t c = j; c < i; ++c) sum -= lower[size_t(i * d + c)] * inverse[size_t(c * d + j)];
      inverse[size_t(i * d + j)] = sum / lower[size_t(i * d + i)];
    }
  return inverse;
}

// The factors of `dims.shape` that the covariances have.
Vector factors_of(Dimensions dims, const Plain& plain) {
  const ptrdiff_t K = plain.K, d = plain.d;
  Vector factors;
  for (ptrdiff_t k = 0; k < (dims.shape == Shape::shared ? 1 : K); ++k) {
    const Vector inverse = inverse_factor(d, plain.covariances.data() + k * d * d);
    if (dims.shape == Shape::full || dims.shape == Shape::shared)
      factors.insert(factors.end(), inverse.begin(), inverse.end());
    else
      for (ptrdiff_t j = 0; j < (dims.shape == Shape::diagonal ? d : 1); ++j)
        factors.push_back(inverse[size_t(j * d + j)]);
  }
  return factors;
}

Plain make_mixture(Dimensions dims, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.5, 2.0);
  const ptrdiff_t K = dims.components, d = dims.features;
  Plain plain{K, d, Vector(size_t(K), 1.0 / double(K)), {}, Vector(size_t(K * d * d), 0.0)};
  for (ptrdiff_t i = 0; i < K * d; ++i) plain.means.push_back(2.0 * normal(generator));
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t i = 0; i < d; ++i)
      plain.covariance(k, i, i) = dims.shape == Shape::shared ? 1.0 : uniform(generator);
  if (dims.shape == Shape::scalar)
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t i = 1; i < d; ++i) plain.covariance(k, i, i) = plain.covariance(k, 0, 0);
  return plain;
}

Rows make_rows(const Plain& plain, ptrdiff_t n, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.5, 2.0);
  Rows rows{n, {}, {}};
  for (ptrdiff_t i = 0; i < n; ++i) {
    for (ptrdiff_t j = 0; j < plain.d; ++j)
      rows.values.push_back(plain.means[size_t((i % plain.K) * plain.d + j)] + normal(generator));
    rows.weights.push_back(i % 7 ? uniform(generator) : 0.0);
  }
  return rows;
}

// β log(π_k N(x; μ_k, Σ_k)).
double tempered_log_joint(Plain& plain, ptrdiff_t k, const double* x, double beta) {
  const ptrdiff_t d = plain.d;
  const Vector factor = inverse_factor(d, plain.covariances.data() + k * d * d);
  double log_joint = std::log(plain.weights[size_t(k)]) - 0.5 * double(d) * std::log(2.0 * std::acos(-1.0));
  for (ptrdiff_t i = 0; i < d; ++i) {
    double z = 0.0;
    for (ptrdiff_t j = 0; j <= i; ++j) z += factor[size_t(i * d + j)] * (x[j] - plain.means[size_t(k * d + j)]);
    log_joint += std::log(factor[size_t(i * d + i)]) - 0.5 * z * z;
  }
  return beta * log_joint;
}

// Counts (K), sums (K, d) and scatters (K, d, d) about the means, and the log-likelihood.
struct Sums {
  Vector counts, sums, scatters;
  double log_likelihood;
};

Sums expectation(Plain& plain, const Rows& rows, bool weighted, double beta) {
  const ptrdiff_t K = plain.K, d = plain.d;
  Sums total{Vector(size_t(K)), Vector(size_t(K * d)), Vector(size_t(K * d * d)), 0.0};
  for (ptrdiff_t row = 0; row < rows.n; ++row) {
    const double weight = weighted ? rows.weights[size_t(row)] : 1.0;
    const double* x = rows.values.data() + row * d;
    Vector joint;
    for (ptrdiff_t k = 0; k < K; ++k) joint.push_back(tempered_log_joint(plain, k, x, beta));
    const double top = *std::max_element(joint.begin(), joint.end());
    double sum = 0.0;
    for (double value : joint) sum += std::exp(value - top);
    total.log_likelihood += weight * (top + std::log(sum));
    for (ptrdiff_t k = 0; k < K; ++k) {
      const double r = weight * std::exp(joint[size_t(k)] - top) / sum;
      const double* mean = plain.means.data() + k * d;
      total.counts[size_t(k)] += r;
      for (ptrdiff_t i = 0; i < d; ++i) {
        total.sums[size_t(k * d + i)] += r * (x[i] - mean[i]);
        for (ptrdiff_t j = 0; j < d; ++j)
          total.scatters[size_t((k * d + i) * d + j)] += r * (x[i] - mean[i]) * (x[j] - mean[j]);
      }
    }
  }
  return total;
}

void add_pseudo_rows(ptrdiff_t K, ptrdiff_t d, double pseudo_rows, Sums& total) {
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double rows = std::max(total.counts[size_t(k)], pseudo_rows);
    double size = 0.0;
    for (ptrdiff_t j = 0; j < d; ++j)
      size += total.scatters[size_t((k * d + j) * d + j)] - std::pow(total.sums[size_t(k * d + j)], 2) / rows;
    for (ptrdiff_t j = 0; j < d; ++j)
      total.scatters[size_t((k * d + j) * d + j)] += size * pseudo_rows / (double(d) * rows);
    total.counts[size_t(k)] += pseudo_rows;
  }
}

void maximisation(Shape shape, const Sums& total, Plain& plain) {
  const ptrdiff_t K = plain.K, d = plain.d;
  double all = 0.0;
  for (double count : total.counts) all += count;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double count = total.counts[size_t(k)];
    plain.weights[size_t(k)] = count / all;
    const double* sum = total.sums.data() + k * d;
    double trace = 0.0;
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j < d; ++j) {
        const double entry = total.scatters[size_t((k * d + i) * d + j)] / count - sum[i] * sum[j] / (count * count);
        plain.covariance(k, i, j) = i == j || shape == Shape::full || shape == Shape::shared ? entry : 0.0;
        if (i == j) trace += entry;
      }
    if (shape == Shape::scalar)
      for (ptrdiff_t i = 0; i < d; ++i) plain.covariance(k, i, i) = trace / double(d);
    for (ptrdiff_t i = 0; i < d; ++i) plain.means[size_t(k * d + i)] += sum[i] / count;
  }
  if (shape != Shape::shared) return;
  for (ptrdiff_t e = 0; e < d * d; ++e) {
    double mean = 0.0;
    for (ptrdiff_t k = 0; k < K; ++k) mean += plain.weights[size_t(k)] * plain.covariances[size_t(k * d * d + e)];
    for (ptrdiff_t k = 0; k < K; ++k) plain.covariances[size_t(k * d * d + e)] = mean;
  }
}

// Runs `em_steps` in place on what `mixture` holds, if weighted with the panels of the rows; how many steps it took.
ptrdiff_t run(const GaussianKernel<double>& kernel, Dimensions dims, const Rows& rows, bool weighted,
              const softmix::Schedule& schedule, Plain& plain, Vector& factors, Vector& log_likelihoods) {
  Vector packed(kernel.packed_size(dims)), workspace(kernel.workspace_size(dims));
  Vector scratch(softmix::em_scratch_size(dims));
  const softmix::Mixture mixture = {plain.weights.data(), plain.means.data(), factors.data(), {nullptr, 0, nullptr}};
  Vector panels(weighted ? kernel.panels_size(dims, rows.n) : 0);
  if (!panels.empty()) kernel.write_panels(dims, rows.n, rows.values.data(), panels.data());
  return softmix::em_steps(kernel, dims, rows.n, rows.values.data(), panels.empty() ? nullptr : panels.data(),
                           weighted ? rows.weights.data() : nullptr, schedule, mixture, log_likelihoods.data(),
                           packed.data(), workspace.data(), scratch.data());
}

void expect_all_close(const char* what, const Vector& actual, const Vector& expected, double tolerance) {
  for (size_t i = 0; i < expected.size(); ++i)
    expect_close(what, actual[i], expected[i], tolerance * (1.0 + std::fabs(expected[i])));
}

void check_steps(const GaussianKernel<double>& kernel, Dimensions dims, bool weighted, std::mt19937& generator) {
  const Vector betas = {0.5, 0.8, 1.0}, pseudo_rows = {2.0, 0.5, 0.0};
  const bool can_hold_up = dims.shape == Shape::full || dims.shape == Shape::diagonal;
  Plain expected = make_mixture(dims, generator), actual = expected;
  const Rows rows = make_rows(expected, 40 * dims.components + 8 * dims.features, generator);
  Vector factors = factors_of(dims, actual), reached(betas.size()), before;
  const ptrdiff_t taken =
      run(kernel, dims, rows, weighted,
          {0, 3, betas.data(), pseudo_rows.data(), 1e-14, softmix::Tie::none, {0.0, 0.0, 0.0, 0.0, false, 0.0}}, actual,
          factors, reached);
  expect_close("the number of steps", double(taken), 3.0, 0.0);
  for (size_t step = 0; step < betas.size(); ++step) {
    Sums total = expectation(expected, rows, weighted, betas[step]);
    before.push_back(total.log_likelihood);
    if (can_hold_up && pseudo_rows[step] > 0.0)
      add_pseudo_rows(dims.components, dims.features, pseudo_rows[step], total);
    maximisation(dims.shape, total, expected);
  }
  expect_all_close("a log-likelihood", reached, before, 1e-10);
  expect_all_close("a weight", actual.weights, expected.weights, 1e-9);
  expect_all_close("a mean", actual.means, expected.means, 1e-9);
  expect_all_close("a factor", factors, factors_of(dims, expected), 1e-9);
}

// A step whose matrices are below the floor, or that leaves a component empty, is left to the caller.
void check_refusal(const GaussianKernel<double>& kernel, Dimensions dims, bool empty, std::mt19937& generator) {
  const Vector betas = {1.0, 1.0}, pseudo_rows = {0.0, 0.0};
  Plain plain = make_mixture(dims, generator);
  const Rows rows = make_rows(plain, 40, generator);
  if (empty)
    for (ptrdiff_t j = 0; j < dims.features; ++j) plain.means[size_t(j)] = 1e6;
  Plain actual = plain;
  const Vector factors = factors_of(dims, plain);
  Vector after = factors, reached(betas.size());
  const double lowest = empty ? 1e-14 : 1e3;
  const ptrdiff_t taken =
      run(kernel, dims, rows, false,
          {0, 2, betas.data(), pseudo_rows.data(), lowest, softmix::Tie::none, {0.0, 0.0, 0.0, 0.0, false, 0.0}},
          actual, after, reached);
  expect_close("the steps before one that is refused", double(taken), 0.0, 0.0);
  expect_all_close("a kept weight", actual.weights, plain.weights, 0.0);
  expect_all_close("a kept mean", actual.means, plain.means, 0.0);
  expect_all_close("a kept factor", after, factors, 0.0);
}

// Mixtures of several sizes in one call are each what they are alone; as swept, a step behind.
void check_each(const GaussianKernel<double>& kernel, Shape shape, std::mt19937& generator) {
  const ptrdiff_t d = 3, steps = 4;
  const std::vector<int64_t> sizes = {2, 4, 1}, most = {4, 3, 4};
  const Vector betas(steps, 1.0), pseudo_rows(steps, 0.0);
  Plain widest = make_mixture({shape, 4, d}, generator);
  const Rows rows = make_rows(widest, 300, generator);
  for (const bool as_swept : {false, true}) {
    const softmix::Schedule schedule = {
        0, steps, betas.data(), pseudo_rows.data(), 1e-14, softmix::Tie::none, {0.0, 0.0, 0.0, 0.0, as_swept, 0.0}};
    Vector weights, means, factors, axes(3 * size_t(d * d)), reached(3 * steps), expected, expected_reached(3 * steps);
    for (size_t m = 0; m < sizes.size(); ++m) {
      const Dimensions dims = {shape, sizes[m], d};
      Plain one = make_mixture(dims, generator);
      Vector own = factors_of(dims, one), heights(steps);
      weights.insert(weights.end(), one.weights.begin(), one.weights.end());
      means.insert(means.end(), one.means.begin(), one.means.end());
      factors.insert(factors.end(), own.begin(), own.end());
      softmix::Schedule alone = schedule;
      alone.steps = most[m];
      run(kernel, dims, rows, true, alone, one, own, heights);
      expected.insert(expected.end(), own.begin(), own.end());
      std::copy_n(heights.begin(), most[m], expected_reached.begin() + ptrdiff_t(m) * steps);
    }
    std::vector<int64_t> taken(sizes.size(), 0);
    const softmix::Mixtures mixtures = {{weights.data(), means.data(), factors.data(), {axes.data(), 0, nullptr}},
                                        3,
                                        sizes.data(),
                                        most.data(),
                                        taken.data()};
    const Dimensions largest = {shape, 4, d};
    Vector panels(kernel.panels_size(largest, rows.n));
    if (!panels.empty()) kernel.write_panels(largest, rows.n, rows.values.data(), panels.data());
    softmix::Team team(0);
    softmix::em_steps_each(team, kernel, largest, rows.n, rows.values.data(), panels.empty() ? nullptr : panels.data(),
                           rows.weights.data(), schedule, mixtures, reached.data(), [] {});
    for (size_t m = 0; m < sizes.size(); ++m)
      expect_close("steps of one of several", double(taken[m]), double(most[m]), 0.0);
    expect_all_close("a factor of one of several", factors, expected, 0.0);
    expect_all_close("a log-likelihood of one of several", reached, expected_reached, 0.0);
  }
}

}  // namespace

int main() {
  int count;
  const softmix::InstructionSet* const* sets = softmix::instruction_sets(&count);
  for (int s = 0; s < count; ++s) {
    std::mt19937 generator(1);
    const GaussianKernel<double>& kernel = sets[s]->gaussian_double;
    for (int shape = 0; shape < 4; ++shape) {
      for (ptrdiff_t d : {1, 2, 3, 8, 9, 17})
        for (ptrdiff_t K : {1, 2, 5})
          for (bool weighted : {false, true})
            check_steps(kernel, {static_cast<Shape>(shape), K, d}, weighted, generator);
      check_each(kernel, static_cast<Shape>(shape), generator);
      check_refusal(kernel, {static_cast<Shape>(shape), 3, 2}, true, generator);
      if (shape < 2) check_refusal(kernel, {static_cast<Shape>(shape), 3, 2}, false, generator);
    }
  }
  std::printf("em_steps: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

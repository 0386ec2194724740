// The M-steps of tied covariances, in buffers of exactly the promised size: each gives factors of the tie that it is
// named for, and never less expected log-likelihood than the factors that it begins at. Built with AddressSanitizer and
// UndefinedBehaviorSanitizer by `make sanitize`; tests/kernels/test_em_steps.py compares them with m_step/.
#include "tied_m_step.hpp"

#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::expect_close;
using softmix::Shape;
using softmix::Tie;
using Vector = std::vector<double>;

constexpr ptrdiff_t kComponents = 3;

ptrdiff_t scatter_size(Shape shape, ptrdiff_t d) {
  return shape == Shape::scalar ? 1 : shape == Shape::diagonal ? d : d * (d + 1) / 2;
}

ptrdiff_t factor_size(Shape shape, ptrdiff_t d) {
  return shape == Shape::scalar ? 1 : shape == Shape::diagonal ? d : d * d;
}

// −2 times the expected log-likelihood of component k, up to a constant, for scatters about the means.
double misfit(Shape shape, ptrdiff_t d, double count, const double* scatter, const double* factor) {
  double sum = 0.0;
  if (shape == Shape::scalar) return *factor * *factor * *scatter - 2.0 * count * double(d) * std::log(*factor);
  if (shape == Shape::diagonal) {
    for (ptrdiff_t j = 0; j < d; ++j) sum += factor[j] * factor[j] * scatter[j] - 2.0 * count * std::log(factor[j]);
    return sum;
  }
  for (ptrdiff_t i = 0; i < d; ++i) {
    sum -= 2.0 * count * std::log(factor[i * d + i]);
    for (ptrdiff_t p = 0; p <= i; ++p)
      for (ptrdiff_t q = 0; q <= i; ++q) {
        const ptrdiff_t row = p > q ? p : q, column = p > q ? q : p;
        sum += factor[i * d + p] * factor[i * d + q] * scatter[row * (row + 1) / 2 + column];
      }
  }
  return sum;
}

void check(Tie tie, Shape shape, ptrdiff_t d, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  const softmix::Dimensions dims = {shape, kComponents, d};
  const ptrdiff_t size = scatter_size(shape, d);
  Vector counts, shifts(size_t(kComponents * d), 0.0), scatters;
  for (ptrdiff_t k = 0; k < kComponents; ++k) {
    counts.push_back(20.0 + 10.0 * double(k));
    Vector root(size_t(d * d));
    for (double& entry : root) entry = normal(generator);
    for (ptrdiff_t i = 0; i < (shape == Shape::scalar ? 1 : d); ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) {
        double product = i == j ? 0.1 : 0.0;
        for (ptrdiff_t c = 0; c < d; ++c) product += root[size_t(i * d + c)] * root[size_t(j * d + c)];
        if (i == j || shape == Shape::full) scatters.push_back(counts.back() * product);
      }
  }
  expect_close("scatters", double(scatters.size()), double(kComponents * size), 0.0);
  Vector factors(size_t(kComponents * factor_size(shape, d)), 0.0), axes(size_t(d * d), 0.0);
  for (ptrdiff_t i = 0; i < d; ++i) axes[size_t(i * d + i)] = 1.0;
  for (ptrdiff_t k = 0; k < kComponents; ++k)
    for (ptrdiff_t j = 0; j < (shape == Shape::scalar ? 1 : d); ++j)
      factors[size_t(k * factor_size(shape, d) + (shape == Shape::full ? j * d + j : j))] = 1.0;
  std::vector<int64_t> pairs;
  for (int64_t i = 0; i < d; ++i)
    for (int64_t j = i + 1; j < d; ++j) pairs.insert(pairs.end(), {i, j});
  const auto whole = [&] {
    double sum = 0.0;
    for (ptrdiff_t k = 0; k < kComponents; ++k)
      sum +=
          misfit(shape, d, counts[size_t(k)], scatters.data() + k * size, factors.data() + k * factor_size(shape, d));
    return sum;
  };
  Vector scratch(softmix::tied_scratch_size(dims));
  softmix::begin_tied(dims, scratch.data());
  const softmix::Axes shared = {axes.data(), ptrdiff_t(pairs.size()) / 2, pairs.data()};
  softmix::Scatters given = {dims, counts.data(), shifts.data(), scatters.data(), 90.0, 1e-12};
  double before = whole();
  for (int step = 0; step < 5; ++step) {
    if (!softmix::tied_factors(tie, given, shared, factors.data(), scratch.data())) std::exit(1);
    const double after = whole();
    expect_close("a rise of the misfit", std::fmax(after - before, 0.0), 0.0, 1e-9 * std::fabs(before));
    before = after;
  }
  given.lowest = 1e6;
  const Vector held = factors;
  expect_close("below the floor", softmix::tied_factors(tie, given, shared, factors.data(), scratch.data()), 0.0, 0.0);
  for (size_t i = 0; i < held.size(); ++i) expect_close("a factor that stays", factors[i], held[i], 0.0);
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  for (const ptrdiff_t d : {1, 2, 3, 6}) {
    check(Tie::eii, Shape::scalar, d, generator);
    for (const Tie tie : {Tie::eei, Tie::vei, Tie::evi}) check(tie, Shape::diagonal, d, generator);
    for (const Tie tie : {Tie::vee, Tie::eve, Tie::vve, Tie::eev, Tie::vev, Tie::evv})
      check(tie, Shape::full, d, generator);
  }
  return 0;
}

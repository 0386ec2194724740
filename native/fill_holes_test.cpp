// Filled holes against what they solve, in buffers of exactly the promised size: built with AddressSanitizer and
// UndefinedBehaviorSanitizer by `make sanitize`.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "expect_close.hpp"
#include "gaussian_kernel.hpp"

namespace {

using softmix::expect_close;

struct Problem {
  ptrdiff_t n, d, m, sides;
  std::vector<double> precision, deviations, products, weights;
  std::vector<int64_t> missing;

  double p(ptrdiff_t i, ptrdiff_t j) const { return precision[size_t(i * d + j)]; }
  ptrdiff_t hole(ptrdiff_t row, ptrdiff_t a) const { return missing[size_t(row * m + a)]; }
};

Problem make_problem(ptrdiff_t n, ptrdiff_t d, ptrdiff_t m, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  Problem made{n, d, m, 2, {}, {}, {}, {}, {}};
  std::vector<double> root(size_t(d * d));
  for (double& value : root) value = 0.3 * normal(generator);
  for (ptrdiff_t i = 0; i < d; ++i) root[size_t(i * d + i)] += 2.0;
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) {
      double sum = 0.0;
      for (ptrdiff_t c = 0; c < d; ++c) sum += root[size_t(c * d + i)] * root[size_t(c * d + j)];
      made.precision.push_back(sum);
    }
  std::vector<int64_t> columns(static_cast<size_t>(d));
  std::iota(columns.begin(), columns.end(), 0);
  for (ptrdiff_t row = 0; row < n; ++row) {
    std::shuffle(columns.begin(), columns.end(), generator);
    std::vector<int64_t> chosen(columns.begin(), columns.begin() + m);
    std::sort(chosen.begin(), chosen.end());
    made.missing.insert(made.missing.end(), chosen.begin(), chosen.end());
    made.weights.push_back(row % 3 ? 0.5 + double(row) : 0.0);
  }
  for (ptrdiff_t i = 0; i < made.sides * n * d; ++i) made.deviations.push_back(normal(generator));
  for (ptrdiff_t side = 0; side < made.sides; ++side)
    for (ptrdiff_t row = 0; row < n; ++row) {
      double* const y = made.deviations.data() + (side * n + row) * d;
      for (ptrdiff_t a = 0; a < m; ++a) y[made.hole(row, a)] = 0.0;
      for (ptrdiff_t i = 0; i < d; ++i) {
        double sum = 0.0;
        for (ptrdiff_t j = 0; j < d; ++j) sum += made.p(i, j) * y[j];
        made.products.push_back(sum);
      }
    }
  return made;
}

void check(const softmix::InstructionSet& set, const Problem& given) {
  const ptrdiff_t n = given.n, d = given.d, m = given.m;
  const softmix::Holes holes = {n, d, m, given.missing.data()};
  std::vector<double> filled = given.deviations, half_log_dets(static_cast<size_t>(n)),
                      residuals(softmix::residuals_size(n, m)), scratch(softmix::holes_scratch_size(m));
  const softmix::Deviations of = {given.sides, given.precision.data(), given.products.data(), filled.data()};
  set.fill_holes(holes, of, half_log_dets.data(), residuals.data(), scratch.data());
  // P ŷ is 0 at the holes.
  for (ptrdiff_t side = 0; side < given.sides; ++side)
    for (ptrdiff_t row = 0; row < n; ++row)
      for (ptrdiff_t a = 0; a < m; ++a) {
        double sum = 0.0;
        for (ptrdiff_t j = 0; j < d; ++j)
          sum += given.p(given.hole(row, a), j) * filled[size_t((side * n + row) * d + j)];
        expect_close("a hole", sum, 0.0, 1e-11);
      }
  // The residual covariance of each row, added alone, is the inverse of P at its holes.
  for (ptrdiff_t row = 0; row < n; ++row) {
    std::vector<double> weights(size_t(n), 0.0), added(size_t(d * d), 0.0);
    weights[size_t(row)] = given.weights[size_t(row)];
    set.add_residuals(holes, residuals.data(), weights.data(), added.data());
    for (ptrdiff_t a = 0; a < m; ++a)
      for (ptrdiff_t b = 0; b < m; ++b) {
        double sum = 0.0;
        for (ptrdiff_t c = 0; c < m; ++c) {
          const ptrdiff_t i = given.hole(row, std::max(b, c)), j = given.hole(row, std::min(b, c));
          sum += given.p(given.hole(row, a), given.hole(row, c)) * added[size_t(i * d + j)];
        }
        const double weight = given.weights[size_t(row)];
        expect_close("a residual covariance", sum, a == b ? weight : 0.0, 1e-11 * (1.0 + weight));
      }
  }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  int count;
  const softmix::InstructionSet* const* sets = softmix::instruction_sets(&count);
  for (int i = 0; i < count; ++i)
    for (ptrdiff_t n : {1, 3, 8, 13})
      for (ptrdiff_t d : {1, 2, 5, 12})
        for (ptrdiff_t m = 1; m <= d; ++m) check(*sets[i], make_problem(n, d, m, generator));
  std::printf("fill_holes: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

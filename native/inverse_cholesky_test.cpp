// Inverse Cholesky factors against F A Fᵀ = I by plain loops, in buffers of exactly the promised size: built with
// AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`.
#include "inverse_cholesky.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::expect_close;

constexpr ptrdiff_t kCount = 3;

// A = B Bᵀ / d + I / 10 for each matrix of the stack.
std::vector<double> positive_definite(ptrdiff_t d, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::vector<double> root(size_t(d * d)), stack;
  for (ptrdiff_t k = 0; k < kCount; ++k) {
    for (double& entry : root) entry = normal(generator);
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j < d; ++j) {
        double sum = 0.0;
        for (ptrdiff_t c = 0; c < d; ++c) sum += root[size_t(i * d + c)] * root[size_t(j * d + c)];
        stack.push_back(sum / double(d) + (i == j ? 0.1 : 0.0));
      }
  }
  return stack;
}

void check_factor(ptrdiff_t d, const double* a, const double* f, double squared_norm) {
  double squares = 0.0;
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) {
      double product = 0.0;
      for (ptrdiff_t p = 0; p < d; ++p)
        for (ptrdiff_t q = 0; q < d; ++q) product += f[i * d + p] * a[p * d + q] * f[j * d + q];
      expect_close("F A F^T", product, i == j ? 1.0 : 0.0, 1e-11);
      if (j > i) expect_close("the upper triangle", f[i * d + j], 0.0, 0.0);
      squares += f[i * d + j] * f[i * d + j];
    }
  expect_close("the squared norm", squared_norm, squares, 1e-12 * squares);
}

void check(ptrdiff_t d, ptrdiff_t spoiled, std::mt19937& generator) {
  std::vector<double> matrices = positive_definite(d, generator);
  if (spoiled >= 0) matrices[size_t((spoiled + 1) * d * d - 1)] = -1.0;
  std::vector<double> read = matrices;
  for (ptrdiff_t k = 0; k < kCount; ++k)
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j < i; ++j) read[size_t((k * d + i) * d + j)] = std::nan("");  // never read
  std::vector<double> factors(size_t(kCount * d * d)), squared_norms(kCount), scratch(size_t(d * d));
  softmix::inverse_cholesky(kCount, d, read.data(), factors.data(), squared_norms.data(), scratch.data());
  for (ptrdiff_t k = 0; k < kCount; ++k) {
    const double squared_norm = squared_norms[size_t(k)];
    if (k == spoiled)
      expect_close("the norm of no factor", squared_norm, std::numeric_limits<double>::infinity(), 0.0);
    else
      check_factor(d, matrices.data() + k * d * d, factors.data() + k * d * d, squared_norm);
  }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  for (ptrdiff_t d : {1, 2, 3, 4, 7, 8, 9, 16, 17, 33, 40})
    for (ptrdiff_t spoiled : {-1, 0, 2}) check(d, spoiled, generator);
  std::printf("inverse_cholesky: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

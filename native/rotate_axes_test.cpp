// Axes stay orthogonal, the matrices stay what they were along the new axes, and their weighted diagonals fall, in
// buffers of exactly the promised size: built with AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`.
#include "rotate_axes.hpp"

#include <cmath>
#include <random>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::expect_close;

constexpr ptrdiff_t kCount = 3;

double misfit(ptrdiff_t d, const std::vector<double>& rotated, const std::vector<double>& precisions) {
  double sum = 0.0;
  for (ptrdiff_t k = 0; k < kCount; ++k)
    for (ptrdiff_t j = 0; j < d; ++j) sum += rotated[size_t((k * d + j) * d + j)] * precisions[size_t(k * d + j)];
  return sum;
}

void check(ptrdiff_t d, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::vector<double> matrices(size_t(kCount * d * d)), precisions(size_t(kCount * d)), axes(size_t(d * d));
  std::vector<int64_t> pairs;
  for (ptrdiff_t k = 0; k < kCount; ++k)
    for (ptrdiff_t i = 0; i < d; ++i) {
      precisions[size_t(k * d + i)] = std::exp(normal(generator));
      for (ptrdiff_t j = 0; j <= i; ++j)
        matrices[size_t((k * d + i) * d + j)] = matrices[size_t((k * d + j) * d + i)] = normal(generator);
    }
  for (ptrdiff_t i = 0; i < d; ++i) {
    axes[size_t(i * d + i)] = 1.0;
    for (ptrdiff_t j = i + 1; j < d; ++j) pairs.insert(pairs.end(), {i, j});
  }
  std::vector<double> rotated = matrices;
  softmix::rotate_axes(kCount, d, ptrdiff_t(pairs.size()) / 2, pairs.data(), precisions.data(), axes.data(),
                       rotated.data());
  const double fell = misfit(d, matrices, precisions) - misfit(d, rotated, precisions);
  expect_close("a rise of the misfit", std::fmin(fell, 0.0), 0.0, 1e-12);
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) {
      double product = 0.0;
      for (ptrdiff_t c = 0; c < d; ++c) product += axes[size_t(c * d + i)] * axes[size_t(c * d + j)];
      expect_close("Dᵀ D", product, i == j ? 1.0 : 0.0, 1e-13);
    }
  for (ptrdiff_t k = 0; k < kCount; ++k)
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j < d; ++j) {
        double along = 0.0;
        for (ptrdiff_t p = 0; p < d; ++p)
          for (ptrdiff_t q = 0; q < d; ++q)
            along += axes[size_t(p * d + i)] * matrices[size_t((k * d + p) * d + q)] * axes[size_t(q * d + j)];
        expect_close("Dᵀ W D", rotated[size_t((k * d + i) * d + j)], along, 1e-11);
      }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  for (const ptrdiff_t d : {1, 2, 3, 6, 9}) check(d, generator);
  return 0;
}

// Agglomeration in buffers of exactly the promised size: every cluster but those left joins one before it, once, and
// what is nearest joins first. Built with AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`;
// tests/kernels/test_agglomerate.py compares it with the reference.
#include "agglomerate.hpp"

#include <cstdlib>
#include <random>
#include <vector>

namespace {

using Vector = std::vector<double>;

void expect(bool holds) {
  if (!holds) std::exit(1);
}

// Single rows in pairs, each pair far from the others: the first merges are the pairs.
void check(ptrdiff_t d, bool matrices, bool spherical, ptrdiff_t left, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  const ptrdiff_t n = 12, size = matrices ? d * d : d;
  Vector weights(size_t(n), 1.0), means, covariances(size_t(n * size), 0.0);
  for (ptrdiff_t i = 0; i < n; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) means.push_back(100.0 * double(i / 2) * double(i / 2) + 0.01 * normal(generator));
  std::vector<int64_t> merges(size_t(2 * (n - left)));
  softmix::agglomerate({n, d, matrices, weights.data(), means.data(), covariances.data()}, left, {spherical, 4.0, 0.1},
                       merges.data());
  std::vector<bool> gone(size_t(n), false);
  for (size_t step = 0; step < merges.size() / 2; ++step) {
    const int64_t i = merges[2 * step], j = merges[2 * step + 1];
    expect(0 <= i && i < j && j < n && !gone[size_t(i)] && !gone[size_t(j)]);
    expect(step >= size_t(n) / 2 || (i % 2 == 0 && j == i + 1));
    gone[size_t(j)] = true;
  }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  for (const ptrdiff_t d : {1, 2, 5})
    for (const ptrdiff_t left : {1, 4, 12})
      for (const bool matrices : {true, false})
        for (const bool spherical : {true, false})
          if (!matrices || !spherical) check(d, matrices, spherical, left, generator);
  return 0;
}

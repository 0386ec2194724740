// Losses of merges against plain loops, in buffers of exactly the promised size: built with AddressSanitizer and
// UndefinedBehaviorSanitizer by `make sanitize`.
#include "merges.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "expect_close.hpp"
#include "gaussian_kernel.hpp"

namespace {

using softmix::expect_close;

struct Problem {
  ptrdiff_t n, d, K;
  bool matrices;
  std::vector<double> rows, row_weights, resp, log_norm, log_constants, means, factors;
  std::vector<int64_t> pairs;

  ptrdiff_t m() const { return ptrdiff_t(pairs.size()) / 2; }
  double factor(ptrdiff_t pair, ptrdiff_t i, ptrdiff_t j) const {
    if (matrices) return factors[size_t((pair * d + i) * d + j)];
    return i == j ? factors[size_t(pair * d + i)] : 0.0;
  }
};

Problem make_problem(ptrdiff_t d, ptrdiff_t K, bool matrices, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.5, 2.0);
  Problem p{50, d, K, matrices, {}, {}, {}, {}, {}, {}, {}, {}};
  for (ptrdiff_t i = 0; i < p.n * d; ++i) p.rows.push_back(normal(generator));
  for (ptrdiff_t i = 0; i < p.n; ++i) {
    p.row_weights.push_back(i % 7 ? uniform(generator) : 0.0);
    p.log_norm.push_back(i % 11 ? -double(d) * uniform(generator) : -200.0);
    std::vector<double> shares;
    for (ptrdiff_t k = 0; k < K; ++k) shares.push_back(std::pow(uniform(generator), 12.0));
    double total = 0.0;
    for (double share : shares) total += share;
    for (double share : shares) p.resp.push_back(share / total);
  }
  for (int64_t i = 0; i < K; ++i)
    for (int64_t j = i + 1; j < K; ++j) p.pairs.insert(p.pairs.end(), {i, j});
  for (ptrdiff_t pair = 0; pair < p.m(); ++pair) {
    p.log_constants.push_back(-double(d) * uniform(generator));
    for (ptrdiff_t i = 0; i < d; ++i) {
      p.means.push_back(normal(generator));
      for (ptrdiff_t j = 0; j < (matrices ? d : 1); ++j)
        p.factors.push_back(!matrices || i == j ? uniform(generator) : i > j ? 0.3 * normal(generator) : 0.0);
    }
  }
  return p;
}

double plain_loss(const Problem& p, ptrdiff_t pair, bool weighted) {
  double loss = 0.0;
  for (ptrdiff_t row = 0; row < p.n; ++row) {
    double squares = 0.0;
    for (ptrdiff_t i = 0; i < p.d; ++i) {
      double z = 0.0;
      for (ptrdiff_t j = 0; j < p.d; ++j)
        z += p.factor(pair, i, j) * (p.rows[size_t(row * p.d + j)] - p.means[size_t(pair * p.d + j)]);
      squares += z * z;
    }
    double share = 0.0;
    for (size_t side : {0, 1}) share += p.resp[size_t(row * p.K + p.pairs[size_t(2 * pair) + side])];
    if (share < 1e-3) continue;
    const double gain = p.log_constants[size_t(pair)] - 0.5 * squares - p.log_norm[size_t(row)];
    const double kept = std::max(1.0 - share + std::exp(std::min(gain, 50.0)), 1e-15);
    loss -= (weighted ? p.row_weights[size_t(row)] : 1.0) * std::log(kept);
  }
  return loss;
}

void check(const softmix::InstructionSet& set, const Problem& p, bool weighted) {
  const softmix::Memberships memberships = {
      p.n, p.d, p.K, p.rows.data(), weighted ? p.row_weights.data() : nullptr, p.resp.data(), p.log_norm.data()};
  const softmix::Merged merged = {p.m(),          p.matrices,      p.pairs.data(), p.log_constants.data(),
                                  p.means.data(), p.factors.data()};
  std::vector<double> losses(size_t(p.m()), 1.0), scratch(softmix::merge_scratch_size(p.n, p.d));
  // It adds to what is there.
  set.merge_losses(memberships, merged, losses.data(), scratch.data());
  for (ptrdiff_t pair = 0; pair < p.m(); ++pair) {
    const double expected = 1.0 + plain_loss(p, pair, weighted);
    expect_close("a loss", losses[size_t(pair)], expected, 1e-12 * (1.0 + std::fabs(expected)));
  }
}

}  // namespace

int main() {
  std::mt19937 generator(1);
  int count;
  const softmix::InstructionSet* const* sets = softmix::instruction_sets(&count);
  for (int i = 0; i < count; ++i)
    for (ptrdiff_t d : {1, 2, 3, 8, 9, 30})
      for (ptrdiff_t K : {2, 3, 9})
        for (bool matrices : {false, true})
          for (bool weighted : {false, true}) check(*sets[i], make_problem(d, K, matrices, generator), weighted);
  std::printf("merge_losses: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

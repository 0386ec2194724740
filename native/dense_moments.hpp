// Moments of one component over a tile of few columns, a vector across rows.
//
// With u = (1, y_1 … y_d), y = x − c, the lower triangle of Σ r u uᵀ holds count, sum and scatter
// at once. Sums are kept per lane, (entries, lanes) in float64, and added up once a block.
#pragma once

#include "layout.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

constexpr int triangle_entries(int rows) { return rows * (rows + 1) / 2; }

// As many accumulators as leave registers for the operands.
constexpr int kAccumulators = kBlock * kVectors;

// The first row of the triangle after `first` that no longer fits in the registers.
constexpr int pass_end(int first, int rows) {
  int end = first + 1;
  while (end < rows && triangle_entries(end + 1) - triangle_entries(first) <= kAccumulators) ++end;
  return end;
}

template <class T> SOFTMIX_INLINE void add_lanes(double* lanes_sum, Vec<T> v) {
  T part[lanes<T>];
  store<T>(part, v);
  for (int lane = 0; lane < lanes<T>; ++lane) lanes_sum[lane] += double(part[lane]);
}

// Rows [First, pass_end) of the triangle, then the rows after them.
template <class T, int D, int First>
SOFTMIX_INLINE void triangle_pass(const T* panels, int n_panels, const T* resp, const T* inverse, const T* center,
                                  double* sums) {
  constexpr int end = pass_end(First, D + 1), before = triangle_entries(First);
  Vec<T> total[triangle_entries(end) - before] = {};
  for (int t = 0; t < n_panels * kVectors; ++t) {
    const T* x = panels + (t / kVectors) * D * group<T> + (t % kVectors) * lanes<T>;
    const Vec<T> r = load<T>(resp + t * lanes<T>) * load<T>(inverse + t * lanes<T>);
    Vec<T> y[end > 1 ? end - 1 : 1];
    SOFTMIX_UNROLL
    for (int j = 0; j < end - 1; ++j) y[j] = load<T>(x + j * group<T>) - splat<T>(center[j]);
    SOFTMIX_UNROLL
    for (int i = First; i < end; ++i) {
      const Vec<T> ry = i ? r * y[i ? i - 1 : 0] : r;
      total[triangle_entries(i) - before] += ry;
      SOFTMIX_UNROLL
      for (int j = 1; j <= i; ++j) total[triangle_entries(i) - before + j] += ry * y[j - 1];
    }
  }
  SOFTMIX_UNROLL
  for (int e = 0; e < triangle_entries(end) - before; ++e) add_lanes<T>(sums + (before + e) * lanes<T>, total[e]);
  if constexpr (end < D + 1) triangle_pass<T, D, end>(panels, n_panels, resp, inverse, center, sums);
}

// count, then sum and Σ r y² for each column.
template <class T>
SOFTMIX_INLINE void diagonal_pass(ptrdiff_t d, const T* panels, int n_panels, const T* resp, const T* inverse,
                                  const T* center, double* sums) {
  for (ptrdiff_t j = 0; j < d; ++j) {
    Vec<T> count = {}, first[kVectors] = {}, second[kVectors] = {};
    for (int p = 0; p < n_panels; ++p) {
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const ptrdiff_t t = p * group<T> + v * lanes<T>;
        const Vec<T> r = load<T>(resp + t) * load<T>(inverse + t);
        const Vec<T> y = load<T>(panels + (p * d + j) * group<T> + v * lanes<T>) - splat<T>(center[j]);
        const Vec<T> ry = r * y;
        count += r;
        first[v] += ry;
        second[v] += ry * y;
      }
    }
    if (j == 0) add_lanes<T>(sums, count);
    add_lanes<T>(sums + (1 + j) * lanes<T>, (first[0] + first[1]) + first[2]);
    add_lanes<T>(sums + (1 + d + j) * lanes<T>, (second[0] + second[1]) + second[2]);
  }
}

constexpr ptrdiff_t dense_entries(Shape shape, ptrdiff_t d) {
  return is_matrix(shape) ? (d + 1) * (d + 2) / 2 : 1 + 2 * d;
}

template <class T>
void add_dense_moments(Dimensions dims, const T* panels, int n_panels, const T* resp, const T* inverse,
                       const T* center, double* sums) {
  const ptrdiff_t d = dims.features;
  if (!is_matrix(dims.shape)) return diagonal_pass<T>(d, panels, n_panels, resp, inverse, center, sums);
  switch (d) {
    case 1: return triangle_pass<T, 1, 0>(panels, n_panels, resp, inverse, center, sums);
    case 2: return triangle_pass<T, 2, 0>(panels, n_panels, resp, inverse, center, sums);
    case 3: return triangle_pass<T, 3, 0>(panels, n_panels, resp, inverse, center, sums);
    case 4: return triangle_pass<T, 4, 0>(panels, n_panels, resp, inverse, center, sums);
    case 5: return triangle_pass<T, 5, 0>(panels, n_panels, resp, inverse, center, sums);
    case 6: return triangle_pass<T, 6, 0>(panels, n_panels, resp, inverse, center, sums);
    case 7: return triangle_pass<T, 7, 0>(panels, n_panels, resp, inverse, center, sums);
    default: return triangle_pass<T, 8, 0>(panels, n_panels, resp, inverse, center, sums);
  }
}

// Where the statistics of component k go.
struct Target {
  double *count, *sum, *scatter;
};

template <class T> void reduce_dense_moments(Dimensions dims, const double* sums, Target target) {
  const ptrdiff_t d = dims.features;
  const auto total = [&](ptrdiff_t entry) {
    double sum = 0;
    for (int lane = 0; lane < lanes<T>; ++lane) sum += sums[entry * lanes<T> + lane];
    return sum;
  };
  *target.count += total(0);
  if (!is_matrix(dims.shape)) {
    for (ptrdiff_t j = 0; j < d; ++j) {
      target.sum[j] += total(1 + j);
      target.scatter[dims.shape == Shape::scalar ? 0 : j] += total(1 + d + j);
    }
    return;
  }
  for (ptrdiff_t i = 1; i <= d; ++i) {
    const ptrdiff_t row = i * (i + 1) / 2;
    target.sum[i - 1] += total(row);
    for (ptrdiff_t j = 1; j <= i; ++j) target.scatter[i * (i - 1) / 2 + j - 1] += total(row + j);
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

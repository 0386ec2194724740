// Moments of one component over a tile of moderately many columns, a vector across rows.
//
// With u = (1, y_1 … y_d), y = x − c, the lower triangle of Σ r u uᵀ holds count, sum and scatter
// at once. Sums are kept per lane, (entries, lanes), and added up in float64: once a block, or
// every few tiles where the rows are float32.
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

// Rows [First, pass_end) of the triangle, then the rows after them.
template <class T, int D, int First>
SOFTMIX_INLINE void triangle_pass(const T* panels, int n_panels, const T* resp, const T* inverse, const T* center,
                                  T* sums) {
  constexpr int end = pass_end(First, D + 1), before = triangle_entries(First);
  Vec<T> total[triangle_entries(end) - before];
  for (int e = 0; e < triangle_entries(end) - before; ++e) total[e] = load<T>(sums + (before + e) * lanes<T>);
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
  for (int e = 0; e < triangle_entries(end) - before; ++e) store<T>(sums + (before + e) * lanes<T>, total[e]);
  if constexpr (end < D + 1) triangle_pass<T, D, end>(panels, n_panels, resp, inverse, center, sums);
}

template <class T> SOFTMIX_INLINE void add_to(T* lane_sum, Vec<T> v) { store<T>(lane_sum, load<T>(lane_sum) + v); }

// Sum and Σ r y² of `Wide` columns from `column`, which share each load of r; with `Counts` the count too.
template <class T, int Wide, bool Counts>
SOFTMIX_INLINE void diagonal_columns(ptrdiff_t d, ptrdiff_t column, const T* panels, int n_panels, const T* resp,
                                     const T* inverse, const T* center, T* sums) {
  Vec<T> c[Wide], count = {}, first[Wide][kVectors] = {}, second[Wide][kVectors] = {};
  SOFTMIX_UNROLL
  for (int j = 0; j < Wide; ++j) c[j] = splat<T>(center[column + j]);
  const T* x = panels + column * group<T>;
  for (int p = 0; p < n_panels; ++p, x += d * group<T>) {
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const ptrdiff_t t = p * group<T> + v * lanes<T>;
      const Vec<T> r = load<T>(resp + t) * load<T>(inverse + t);
      if constexpr (Counts) count += r;
      SOFTMIX_UNROLL
      for (int j = 0; j < Wide; ++j) {
        const Vec<T> y = load<T>(x + j * group<T> + v * lanes<T>) - c[j], ry = r * y;
        first[j][v] += ry;
        second[j][v] += ry * y;
      }
    }
  }
  if constexpr (Counts) add_to<T>(sums, count);
  SOFTMIX_UNROLL
  for (int j = 0; j < Wide; ++j) {
    add_to<T>(sums + (1 + column + j) * lanes<T>, (first[j][0] + first[j][1]) + first[j][2]);
    add_to<T>(sums + (1 + d + column + j) * lanes<T>, (second[j][0] + second[j][1]) + second[j][2]);
  }
}

// count, then sum and Σ r y² for each column.
template <class T>
SOFTMIX_INLINE void diagonal_pass(ptrdiff_t d, const T* panels, int n_panels, const T* resp, const T* inverse,
                                  const T* center, T* sums) {
  constexpr int kTogether = kBlock > 4 ? 3 : 2;
  diagonal_columns<T, 1, true>(d, 0, panels, n_panels, resp, inverse, center, sums);
  ptrdiff_t column = 1;
  for (; column + kTogether <= d; column += kTogether)
    diagonal_columns<T, kTogether, false>(d, column, panels, n_panels, resp, inverse, center, sums);
  for (; column < d; ++column) diagonal_columns<T, 1, false>(d, column, panels, n_panels, resp, inverse, center, sums);
}

// Beyond 8 columns the triangle is cut into blocks of kTall rows by kWide columns.
constexpr int kTall = 4, kWide = kBlock * kVectors >= 24 ? 6 : 2;

// Σ ry_i y_j for `Height` rows i from `row` and `Width` columns j from `column` < row; u_0 = 1
// sits in entry 0 of each triangle row, hence the + 1.
template <class T, int Height, int Width>
SOFTMIX_INLINE void rectangle(const T* ry, const T* y, ptrdiff_t vectors, ptrdiff_t row, ptrdiff_t column, T* sums) {
  Vec<T> total[Height][Width] = {};
  const T* const left = ry;
  const T* const right = y + column * vectors * lanes<T>;
  for (ptrdiff_t t = 0; t < vectors; ++t) {
    Vec<T> a[Height];
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) a[i] = load<T>(left + (i * vectors + t) * lanes<T>);
    SOFTMIX_UNROLL
    for (int j = 0; j < Width; ++j) {
      const Vec<T> b = load<T>(right + (j * vectors + t) * lanes<T>);
      SOFTMIX_UNROLL
      for (int i = 0; i < Height; ++i) total[i][j] += a[i] * b;
    }
  }
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) SOFTMIX_UNROLL
  for (int j = 0; j < Width; ++j)
    add_to<T>(sums + (triangle_entries(int(row) + 1 + i) + 1 + column + j) * lanes<T>, total[i][j]);
}

// The sums and the diagonal part of `Height` rows.
template <class T, int Height>
SOFTMIX_INLINE void corner(const T* ry, const T* y, ptrdiff_t vectors, ptrdiff_t row, T* sums) {
  Vec<T> total[Height][Height + 1] = {};
  for (ptrdiff_t t = 0; t < vectors; ++t) {
    Vec<T> b[Height];
    SOFTMIX_UNROLL
    for (int j = 0; j < Height; ++j) b[j] = load<T>(y + ((row + j) * vectors + t) * lanes<T>);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> a = load<T>(ry + (i * vectors + t) * lanes<T>);
      total[i][0] += a;
      SOFTMIX_UNROLL
      for (int j = 0; j <= i; ++j) total[i][j + 1] += a * b[j];
    }
  }
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) {
    T* const triangle_row = sums + triangle_entries(int(row) + 1 + i) * lanes<T>;
    add_to<T>(triangle_row, total[i][0]);
    SOFTMIX_UNROLL
    for (int j = 0; j <= i; ++j) add_to<T>(triangle_row + (1 + row + j) * lanes<T>, total[i][j + 1]);
  }
}

template <class T, int Height>
SOFTMIX_INLINE void triangle_rows(const T* y, const T* r, ptrdiff_t vectors, ptrdiff_t row, T* ry, T* sums) {
  for (int i = 0; i < Height; ++i)
    for (ptrdiff_t t = 0; t < vectors; ++t)
      store<T>(ry + (i * vectors + t) * lanes<T>,
               load<T>(y + ((row + i) * vectors + t) * lanes<T>) * load<T>(r + t * lanes<T>));
  ptrdiff_t column = 0;
  for (; column + kWide <= row; column += kWide) rectangle<T, Height, kWide>(ry, y, vectors, row, column, sums);
  for (; column < row; column += 2) rectangle<T, Height, 2>(ry, y, vectors, row, column, sums);
  corner<T, Height>(ry, y, vectors, row, sums);
}

// Scratch of the blocked triangle: y (d, rows), r (rows), ry (kTall, rows).
constexpr ptrdiff_t dense_scratch(ptrdiff_t d, ptrdiff_t rows) { return (d + 1 + kTall) * rows; }

template <class T>
void blocked_triangle(ptrdiff_t d, const T* panels, int n_panels, const T* resp, const T* inverse, const T* center,
                      T* scratch, T* sums) {
  const ptrdiff_t vectors = n_panels * kVectors, rows = vectors * lanes<T>;
  T *const y = scratch, *const r = y + d * rows, *const ry = r + rows;
  Vec<T> count = {};
  for (ptrdiff_t t = 0; t < rows; t += lanes<T>) {
    const Vec<T> part = load<T>(resp + t) * load<T>(inverse + t);
    store<T>(r + t, part);
    count += part;
  }
  add_to<T>(sums, count);
  for (int p = 0; p < n_panels; ++p)
    for (ptrdiff_t j = 0; j < d; ++j) {
      const Vec<T> c = splat<T>(center[j]);
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v)
        store<T>(y + (j * vectors + p * kVectors + v) * lanes<T>,
                 load<T>(panels + (p * d + j) * group<T> + v * lanes<T>) - c);
    }
  ptrdiff_t row = 0;
  for (; row + kTall <= d; row += kTall) triangle_rows<T, kTall>(y, r, vectors, row, ry, sums);
  switch (d - row) {
    case 1: return triangle_rows<T, 1>(y, r, vectors, row, ry, sums);
    case 2: return triangle_rows<T, 2>(y, r, vectors, row, ry, sums);
    case 3: return triangle_rows<T, 3>(y, r, vectors, row, ry, sums);
    default: return;
  }
}

constexpr ptrdiff_t dense_entries(Shape shape, ptrdiff_t d) {
  return is_matrix(shape) ? (d + 1) * (d + 2) / 2 : 1 + 2 * d;
}

template <class T>
void add_dense_moments(Dimensions dims, const T* panels, int n_panels, const T* resp, const T* inverse, const T* center,
                       T* scratch, T* sums) {
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
    case 8: return triangle_pass<T, 8, 0>(panels, n_panels, resp, inverse, center, sums);
    default: return blocked_triangle<T>(d, panels, n_panels, resp, inverse, center, scratch, sums);
  }
}

// Where the statistics of component k go.
struct Target {
  double *count, *sum, *scatter;
};

template <int N> struct Doubles {
  typedef double Vec __attribute__((vector_size(N * sizeof(double))));
};
template <> struct Doubles<1> {
  typedef double Vec;
};

// The upper half of the lanes is added to the lower, and so on.
template <int N> SOFTMIX_INLINE double sum_lanes(typename Doubles<N>::Vec v) {
  if constexpr (N == 1) {
    return v;
  } else {
    typename Doubles<N / 2>::Vec half[2];
    __builtin_memcpy(half, &v, sizeof v);
    return sum_lanes<N / 2>(half[0] + half[1]);
  }
}

// Adds the lanes up and empties them.
template <class T> void reduce_dense_moments(Dimensions dims, T* sums, Target target) {
  typedef typename Doubles<lanes<T>>::Vec Wide;
  const ptrdiff_t d = dims.features;
  const auto total = [&](ptrdiff_t entry) {
    T* const part = sums + entry * lanes<T>;
    const Wide wide = __builtin_convertvector(load<T>(part), Wide);
    store<T>(part, Vec<T>{});
    return sum_lanes<lanes<T>>(wide);
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

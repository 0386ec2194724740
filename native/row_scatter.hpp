// The scatter of one component over chosen rows, a vector across columns.
//
// With s = √r, copies s (x − c) of the rows are packed, and the scatter is the product of the packed
// matrix with itself: a blocked symmetric rank-n update, kBlock × kVectors vectors in registers,
// lower triangle only.
#pragma once

#include "chosen_rows.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Rows packed at a time: a panel of them fits in the first-level cache.
constexpr int kChunk = 128;

// The packed copies lie in panels, (kChunk, width) each, so that the update streams through them.
// Blocks of rows and groups of columns never straddle two panels.
constexpr int panel_width(int columns) { return columns % kBlock ? panel_width(columns + columns) : columns; }
template <class T> constexpr int panel = panel_width(group<T>);

template <class T> constexpr ptrdiff_t row_scratch(ptrdiff_t d) { return kChunk * round_up(d, panel<T>); }

template <class T> SOFTMIX_INLINE T* packed_panel(T* packed, ptrdiff_t column) {
  return packed + column / panel<T> * panel<T> * kChunk + column % panel<T>;
}

// `Height` rows and `Wide` vectors of the product, in registers.
template <class T, int Height, int Wide> struct ProductBlock {
  Vec<T> total[Height][Wide] = {};

  SOFTMIX_INLINE_MEMBER void add(const T* side, const Vec<T>* wide) {
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> entry = splat<T>(side[i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < Wide; ++v) total[i][v] += entry * wide[v];
    }
  }

  // Rows from `first` of the triangle, columns from `column`.
  SOFTMIX_INLINE_MEMBER void add_to(double* scatter, ptrdiff_t first, ptrdiff_t column) const {
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const ptrdiff_t row = first + i;
      double* const out = scatter + row * (row + 1) / 2 + column;
      SOFTMIX_UNROLL
      for (int v = 0; v < Wide; ++v) add_vector<T>(out + v * lanes<T>, total[i][v], row + 1 - column - v * lanes<T>);
    }
  }
};

SOFTMIX_INLINE void prefetch_rows(const double* scatter, ptrdiff_t first, int height, ptrdiff_t column, int width) {
  for (int i = 0; i < height; ++i) {
    const double* const row = scatter + (first + i) * (first + i + 1) / 2 + column;
    for (int j = 0; j < width + 7; j += 8) __builtin_prefetch(row + j, 1);
  }
}

template <class T, int Height, int Wide>
SOFTMIX_INLINE void rank_update(T* packed, int n, ptrdiff_t first, ptrdiff_t column, double* scatter) {
  if (n >= kChunk / 4) prefetch_rows(scatter, first, Height, column, Wide * lanes<T>);
  const T *side = packed_panel<T>(packed, first), *right = packed_panel<T>(packed, column);
  ProductBlock<T, Height, Wide> block;
  for (int a = 0; a < n; ++a, side += panel<T>, right += panel<T>) {
    Vec<T> wide[Wide];
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) wide[v] = load<T>(right + v * lanes<T>);
    block.add(side, wide);
  }
  block.add_to(scatter, first, column);
}

// The blocks at a diagonal are narrow: two of them, one and two vectors wide, fill the registers.
template <class T>
SOFTMIX_INLINE void corner_update(T* packed, int n, ptrdiff_t first, ptrdiff_t column, double* scatter) {
  const T *upper = packed_panel<T>(packed, first), *lower = upper + lanes<T>;
  const T* right = packed_panel<T>(packed, column);
  ProductBlock<T, kBlock, 1> one;
  ProductBlock<T, kBlock, 2> two;
  for (int a = 0; a < n; ++a, upper += panel<T>, lower += panel<T>, right += panel<T>) {
    const Vec<T> wide[2] = {load<T>(right), load<T>(right + lanes<T>)};
    one.add(upper, wide);
    two.add(lower, wide);
  }
  one.add_to(scatter, first, column);
  two.add_to(scatter, first + lanes<T>, column);
}

// Rows [first, first + Height) of the scatter, in one group of columns.
template <class T, int Height>
void update_rows(T* packed, int n, ptrdiff_t first, ptrdiff_t column, double* scatter) {
  switch (round_up(first + Height - column, lanes<T>) / lanes<T>) {
    case 1: return rank_update<T, Height, 1>(packed, n, first, column, scatter);
    case 2: return rank_update<T, Height, 2>(packed, n, first, column, scatter);
    default: return rank_update<T, Height, kVectors>(packed, n, first, column, scatter);
  }
}

template <class T>
void update_last_rows(T* packed, ptrdiff_t d, int n, ptrdiff_t column, double* scatter) {
  const ptrdiff_t whole = d / kBlock * kBlock;
  switch (d - whole) {
    case 1: return update_rows<T, 1>(packed, n, whole, column, scatter);
    case 2: return update_rows<T, 2>(packed, n, whole, column, scatter);
    case 3: return update_rows<T, 3>(packed, n, whole, column, scatter);
#if SOFTMIX_BLOCK_ROWS > 4
    case 4: return update_rows<T, 4>(packed, n, whole, column, scatter);
    case 5: return update_rows<T, 5>(packed, n, whole, column, scatter);
    case 6: return update_rows<T, 6>(packed, n, whole, column, scatter);
    case 7: return update_rows<T, 7>(packed, n, whole, column, scatter);
#endif
    default: return;
  }
}

// One group of columns at a time stays in the nearer caches while the sides pass by.
template <class T> void add_scatter(T* packed, ptrdiff_t d, int n, double* scatter) {
  for (ptrdiff_t column = 0; column < d; column += group<T>) {
    ptrdiff_t row = column / kBlock * kBlock;
    if (lanes<T> % kBlock == 0 && column + 2 * lanes<T> <= d) {
      for (; row < column + lanes<T>; row += kBlock) corner_update<T>(packed, n, row, column, scatter);
      row += lanes<T>;
    }
    for (; row + kBlock <= d; row += kBlock) update_rows<T, kBlock>(packed, n, row, column, scatter);
    update_last_rows<T>(packed, d, n, column, scatter);
  }
}

template <class T, int Wide>
SOFTMIX_INLINE void pack_columns(const ChosenRows<T>& chosen, const T* center, ptrdiff_t column, ptrdiff_t d, T* packed,
                                 double* sum) {
  Vec<T> c[Wide], total[Wide] = {};
  T* target[Wide];
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    c[v] = load<T>(center + column + v * lanes<T>);
    target[v] = packed_panel<T>(packed, column + v * lanes<T>);
  }
  const T *const rows = chosen.rows + column, *const root = chosen.root;
  const int32_t* const at = chosen.at;
  const ptrdiff_t stride = chosen.stride, n = chosen.n;
  for (ptrdiff_t a = 0; a < n; ++a) {
    const T* const row = rows + at[a] * stride;
    const Vec<T> r = splat<T>(root[a]);
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) {
      const Vec<T> scaled = (load<T>(row + v * lanes<T>) - c[v]) * r;
      store<T>(target[v] + a * panel<T>, scaled);
      total[v] += scaled * r;
    }
  }
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    const ptrdiff_t start = column + v * lanes<T>;
    add_vector<T>(sum + start, total[v], d - start);
  }
}

// Packs √r (x − c) of the chosen rows, and adds Σ r (x − c) to `sum`: several vectors of a row at a
// time, because rows come from the second-level cache.
template <class T>
void pack_rows(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, T* packed, double* sum) {
  ptrdiff_t column = 0;
  for (; column + 3 * lanes<T> < d; column += 4 * lanes<T>) pack_columns<T, 4>(chosen, center, column, d, packed, sum);
  switch (round_up(d - column, lanes<T>) / lanes<T>) {
    case 1: return pack_columns<T, 1>(chosen, center, column, d, packed, sum);
    case 2: return pack_columns<T, 2>(chosen, center, column, d, packed, sum);
    case 3: return pack_columns<T, 3>(chosen, center, column, d, packed, sum);
    default: return;
  }
}

// Adds Σ r (x − c) and Σ r (x − c)(x − c)ᵀ. `packed` is scratch of row_scratch(d).
template <class T>
void add_row_scatter(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, T* packed, Target target) {
  for (int done = 0; done < chosen.n; done += kChunk) {
    const int n = chosen.n - done < kChunk ? chosen.n - done : kChunk;
    pack_rows<T>(chosen.from(done, n), center, d, packed, target.sum);
    add_scatter<T>(packed, d, n, target.scatter);
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

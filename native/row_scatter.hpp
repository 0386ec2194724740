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

// Writes v as P: half a vector where P is float32 and v is not.
template <class P, class T> SOFTMIX_INLINE void store_as(P* to, Vec<T> v) {
  typedef P Narrow __attribute__((vector_size(lanes<T> * sizeof(P))));
  const Narrow narrow = __builtin_convertvector(v, Narrow);
  __builtin_memcpy(to, &narrow, sizeof narrow);
}

// The largest |scaled| of each column among rows packed in float32 must be in this range, or 0: then their
// products neither overflow nor lose digits to underflow.
constexpr double kNarrowLeast = 0x1p-50, kNarrowMost = 0x1p50;

template <class T, class P, int Wide>
SOFTMIX_INLINE bool pack_columns(const ChosenRows<T>& chosen, const T* center, ptrdiff_t column, ptrdiff_t d, P* packed,
                                 double* sum) {
  constexpr bool narrow = sizeof(P) < sizeof(T);
  Vec<T> c[Wide], total[Wide] = {}, most[Wide] = {};
  P* target[Wide];
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    c[v] = load<T>(center + column + v * lanes<T>);
    target[v] = packed_panel<P>(packed, column + v * lanes<T>);
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
      store_as<P, T>(target[v] + a * panel<P>, scaled);
      total[v] += scaled * r;
      if constexpr (narrow) most[v] = max<T>(most[v], max<T>(scaled, -scaled));
    }
  }
  bool fits = true;
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    const ptrdiff_t start = column + v * lanes<T>;
    if (sum) add_vector<T>(sum + start, total[v], d - start);
    if constexpr (narrow) {
      const Int<T> inside = (most[v] >= splat<T>(T(kNarrowLeast))) & (most[v] <= splat<T>(T(kNarrowMost)));
      fits = fits && all_true<T>(inside | (most[v] == Vec<T>{}));
    }
  }
  return fits;
}

// Packs √r (x − c) of the chosen rows, and adds Σ r (x − c) to `sum` where given: several vectors of a
// row at a time, because rows come from the second-level cache. Gives whether P could hold the products.
template <class T, class P>
bool pack_rows(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, P* packed, double* sum) {
  ptrdiff_t column = 0;
  bool fits = true;
  for (; column + 3 * lanes<T> < d; column += 4 * lanes<T>)
    fits &= pack_columns<T, P, 4>(chosen, center, column, d, packed, sum);
  switch (round_up(d - column, lanes<T>) / lanes<T>) {
    case 1: return fits & pack_columns<T, P, 1>(chosen, center, column, d, packed, sum);
    case 2: return fits & pack_columns<T, P, 2>(chosen, center, column, d, packed, sum);
    case 3: return fits & pack_columns<T, P, 3>(chosen, center, column, d, packed, sum);
    default: return fits;
  }
}

// Zeroes the columns of a last vector of P that no vector of T has written: what happened to lie there
// would not count, but numbers that underflow are slow.
template <class T, class P> void clear_edge(ptrdiff_t d, ptrdiff_t n, P* packed) {
  for (ptrdiff_t column = round_up(d, lanes<T>); column < round_up(d, lanes<P>); column += lanes<T>)
    for (ptrdiff_t a = 0; a < n; ++a) store_as<P, T>(packed_panel<P>(packed, column) + a * panel<P>, Vec<T>{});
}

// Adds Σ r (x − c) and Σ r (x − c)(x − c)ᵀ, the products in P. `packed` is scratch of row_scratch(d).
template <class T, class P = T>
void add_row_scatter(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, T* packed, Target target) {
  P* const in_p = reinterpret_cast<P*>(packed);
  for (int done = 0; done < chosen.n; done += kChunk) {
    const int n = chosen.n - done < kChunk ? chosen.n - done : kChunk;
    const ChosenRows<T> chunk = chosen.from(done, n);
    if (pack_rows<T, P>(chunk, center, d, in_p, target.sum)) {
      clear_edge<T, P>(d, n, in_p);
      add_scatter<P>(in_p, d, n, target.scatter);
    } else {
      pack_rows<T, T>(chunk, center, d, packed, nullptr);
      add_scatter<T>(packed, d, n, target.scatter);
    }
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

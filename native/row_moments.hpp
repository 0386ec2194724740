// Moments of one component over chosen rows, a vector across columns.
//
// Only rows that the component has a part in are visited: with separated clusters that is one in
// K. With s = √r, their copies s (x − c) are packed, and the scatter is the product of the packed
// matrix with itself: a blocked symmetric rank-n update, kBlock × kVectors vectors in registers,
// lower triangle only.
#pragma once

#include "dense_moments.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Rows packed at a time: two panels of them fit in the first-level cache.
constexpr int kChunk = 128;

template <class T> SOFTMIX_INLINE void add_lanes(double* sum, Vec<T> v) {
  T part[lanes<T>];
  store<T>(part, v);
  for (int lane = 0; lane < lanes<T>; ++lane) sum[lane] += double(part[lane]);
}

SOFTMIX_INLINE double square_root(double x) { return __builtin_sqrt(x); }
SOFTMIX_INLINE float square_root(float x) { return __builtin_sqrtf(x); }

template <class T> struct ChosenRows {
  int n;
  const T* row[kChunk];  // readable up to the padded number of columns
  T resp[kChunk], root[kChunk];
};

// The packed copies lie in panels, (kChunk, width) each, so that the update streams through them.
// Blocks of rows and groups of columns never straddle two panels.
constexpr int panel_width(int columns) { return columns % kBlock ? panel_width(columns + columns) : columns; }
template <class T> constexpr int panel = panel_width(group<T>);

template <class T> SOFTMIX_INLINE T* packed_panel(T* packed, ptrdiff_t column) {
  return packed + column / panel<T> * panel<T> * kChunk + column % panel<T>;
}

// Adds the lanes `start`, `start` + 1, … ≤ `row` of v to a packed row of the triangle that has
// `room` entries left in the caller's buffer.
template <class T>
SOFTMIX_INLINE void add_triangular(double* packed_row, Vec<T> v, ptrdiff_t start, ptrdiff_t row, ptrdiff_t room) {
  if (start + lanes<T> <= row + 1) return add_lanes<T>(packed_row + start, v);
  // The diagonal cuts this vector. Zeros may be added to what follows, as long as it is ours.
  Int<T> lane;
  for (int i = 0; i < lanes<T>; ++i) lane[i] = i;
  const Vec<T> kept = (Vec<T>)((Int<T>)v & (lane <= splat_int<T>(row - start)));
  if (start + lanes<T> <= room) return add_lanes<T>(packed_row + start, kept);
  T part[lanes<T>];
  store<T>(part, kept);
  for (ptrdiff_t j = start; j <= row; ++j) packed_row[j] += double(part[j - start]);
}

template <class T, int Height, int Wide>
SOFTMIX_INLINE void rank_update(const T* left, const T* right, int n, ptrdiff_t first, ptrdiff_t column,
                                double* scatter, ptrdiff_t entries) {
  Vec<T> total[Height][Wide] = {};
  for (int a = 0; a < n; ++a, left += panel<T>, right += panel<T>) {
    Vec<T> wide[Wide];
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) wide[v] = load<T>(right + v * lanes<T>);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> entry = splat<T>(left[i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < Wide; ++v) total[i][v] += entry * wide[v];
    }
  }
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) {
    const ptrdiff_t row = first + i, before = row * (row + 1) / 2;
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v)
      add_triangular<T>(scatter + before, total[i][v], column + v * lanes<T>, row, entries - before);
  }
}

// Rows [first, first + Height) of the scatter, in one group of columns.
template <class T, int Height>
SOFTMIX_INLINE void update_rows(T* packed, const T* right, int n, ptrdiff_t first, ptrdiff_t column, double* scatter,
                                ptrdiff_t entries) {
  const T* const left = packed_panel<T>(packed, first);
  switch (round_up(first + Height - column, lanes<T>) / lanes<T>) {
    case 1: return rank_update<T, Height, 1>(left, right, n, first, column, scatter, entries);
    case 2: return rank_update<T, Height, 2>(left, right, n, first, column, scatter, entries);
    default: return rank_update<T, Height, kVectors>(left, right, n, first, column, scatter, entries);
  }
}

// One group of columns at a time stays in the first-level cache while the others pass by.
template <class T> void add_scatter(T* packed, ptrdiff_t d, int n, double* scatter) {
  const ptrdiff_t entries = d * (d + 1) / 2, whole = d / kBlock * kBlock;
  for (ptrdiff_t column = 0; column < d; column += group<T>) {
    const T* const right = packed_panel<T>(packed, column);
    for (ptrdiff_t row = column / kBlock * kBlock; row < whole; row += kBlock)
      update_rows<T, kBlock>(packed, right, n, row, column, scatter, entries);
    switch (d - whole) {
      case 1: update_rows<T, 1>(packed, right, n, whole, column, scatter, entries); break;
      case 2: update_rows<T, 2>(packed, right, n, whole, column, scatter, entries); break;
      case 3: update_rows<T, 3>(packed, right, n, whole, column, scatter, entries); break;
#if SOFTMIX_BLOCK_ROWS > 4
      case 4: update_rows<T, 4>(packed, right, n, whole, column, scatter, entries); break;
      case 5: update_rows<T, 5>(packed, right, n, whole, column, scatter, entries); break;
      case 6: update_rows<T, 6>(packed, right, n, whole, column, scatter, entries); break;
      case 7: update_rows<T, 7>(packed, right, n, whole, column, scatter, entries); break;
#endif
      default: break;
    }
  }
}

template <class T> SOFTMIX_INLINE void add_vector(double* out, Vec<T> v, ptrdiff_t wanted) {
  if (wanted >= lanes<T>) return add_lanes<T>(out, v);
  T part[lanes<T>];
  store<T>(part, v);
  for (ptrdiff_t j = 0; j < wanted; ++j) out[j] += double(part[j]);
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
  for (int a = 0; a < chosen.n; ++a) {
    const T* const row = chosen.row[a] + column;
    const Vec<T> root = splat<T>(chosen.root[a]);
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) {
      const Vec<T> scaled = (load<T>(row + v * lanes<T>) - c[v]) * root;
      store<T>(target[v] + a * panel<T>, scaled);
      total[v] += scaled * root;
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
void pack_rows(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, ptrdiff_t padded, T* packed, double* sum) {
  ptrdiff_t column = 0;
  for (; column + 4 * lanes<T> <= padded; column += 4 * lanes<T>)
    pack_columns<T, 4>(chosen, center, column, d, packed, sum);
  for (; column < padded; column += lanes<T>) pack_columns<T, 1>(chosen, center, column, d, packed, sum);
}

template <class T, int Wide>
SOFTMIX_INLINE void squares_of(const ChosenRows<T>& chosen, const T* center, ptrdiff_t column, ptrdiff_t d, bool trace,
                               double* sum, double* scatter) {
  Vec<T> c[Wide], first[Wide] = {}, second[Wide] = {};
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) c[v] = load<T>(center + column + v * lanes<T>);
  for (int a = 0; a < chosen.n; ++a) {
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) {
      const Vec<T> y = load<T>(chosen.row[a] + column + v * lanes<T>) - c[v];
      const Vec<T> ry = y * chosen.resp[a];
      first[v] += ry;
      second[v] += ry * y;
    }
  }
  for (int v = 0; v < Wide; ++v) {
    const ptrdiff_t start = column + v * lanes<T>;
    add_vector<T>(sum + start, first[v], d - start);
    if (!trace) {
      add_vector<T>(scatter + start, second[v], d - start);
    } else {
      double part[lanes<T>] = {};
      add_vector<T>(part, second[v], d - start);
      for (int lane = 0; lane < lanes<T>; ++lane) *scatter += part[lane];
    }
  }
}

// Adds Σ r y and Σ r y² (or its trace).
template <class T>
void add_squares(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, ptrdiff_t padded, bool trace, double* sum,
                 double* scatter) {
  ptrdiff_t column = 0;
  for (; column + 4 * lanes<T> <= padded; column += 4 * lanes<T>)
    squares_of<T, 4>(chosen, center, column, d, trace, sum, scatter);
  for (; column < padded; column += lanes<T>) squares_of<T, 1>(chosen, center, column, d, trace, sum, scatter);
}

template <class T> constexpr ptrdiff_t row_scratch(ptrdiff_t d) { return kChunk * round_up(d, panel<T>); }

// The rows listed in `positions` (seen from row `first` of the block of n rows) with their
// responsibilities, kChunk at a time. `packed` is scratch of row_scratch(d), `edge` of (kChunk,
// padded).
template <class T>
void add_row_moments(Dimensions dims, ptrdiff_t padded, const T* rows, ptrdiff_t n, ptrdiff_t first,
                     const int32_t* positions, int n_positions, const T* resp, const T* inverse, const T* center,
                     T* packed, T* edge, Target target) {
  const ptrdiff_t d = dims.features;
  const ptrdiff_t last_safe = n - round_up(padded, d) / d;  // of later rows a whole vector reads past the block
  ChosenRows<T> chosen;
  for (int done = 0; done < n_positions; done += kChunk) {
    chosen.n = n_positions - done < kChunk ? n_positions - done : kChunk;
    double count[4] = {};
    for (int a = 0; a < chosen.n; ++a) {
      const int32_t t = positions[done + a];
      const T* row = rows + (first + t) * d;
      if (first + t > last_safe) {
        T* const copy = edge + a * padded;
        for (ptrdiff_t j = 0; j < padded; ++j) copy[j] = j < d ? row[j] : T(0);
        row = copy;
      }
      chosen.row[a] = row;
      chosen.resp[a] = resp[t] * inverse[t];
      count[a % 4] += double(chosen.resp[a]);
    }
    for (int a = 0; a < chosen.n; ++a) chosen.root[a] = square_root(chosen.resp[a]);
    *target.count += (count[0] + count[1]) + (count[2] + count[3]);
    if (is_matrix(dims.shape)) {
      pack_rows<T>(chosen, center, d, padded, packed, target.sum);
      add_scatter<T>(packed, d, chosen.n, target.scatter);
    } else {
      add_squares<T>(chosen, center, d, padded, dims.shape == Shape::scalar, target.sum, target.scatter);
    }
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// Moments of one component over chosen rows, a vector across columns.
//
// Only rows that the component has a part in are visited: with separated clusters that is one in
// K. Their centred copies are packed, then the scatter is a blocked symmetric rank-n update,
// kBlock × kVectors vectors in registers, lower triangle only.
#pragma once

#include "dense_moments.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Rows packed at a time: two panels of them fit in the first-level cache.
constexpr int kChunk = 96;

template <class T> SOFTMIX_INLINE void add_lanes(double* sum, Vec<T> v) {
  T part[lanes<T>];
  store<T>(part, v);
  for (int lane = 0; lane < lanes<T>; ++lane) sum[lane] += double(part[lane]);
}

template <class T> struct ChosenRows {
  int n;
  const T* row[kChunk];  // readable up to the padded number of columns
  T resp[kChunk];
};

// The packed copies lie in panels, so that the update streams through them: r y in panels of
// kLeft columns, y in panels of kVectors vectors, each (kChunk, width).
template <class T> constexpr int kLeft = kBlock > lanes<T> ? kBlock : lanes<T>;

template <class T> SOFTMIX_INLINE T* left_panel(T* ry, ptrdiff_t column) {
  return ry + column / kLeft<T> * kLeft<T> * kChunk + column % kLeft<T>;
}

template <class T> SOFTMIX_INLINE T* right_panel(T* y, ptrdiff_t column) {
  return y + column / group<T> * group<T> * kChunk + column % group<T>;
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
SOFTMIX_INLINE void rank_update(const T* ry, const T* y, int n, ptrdiff_t first, ptrdiff_t column, double* scatter,
                                ptrdiff_t entries) {
  Vec<T> total[Height][Wide] = {};
  for (int a = 0; a < n; ++a, ry += kLeft<T>, y += group<T>) {
    Vec<T> right[Wide];
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) right[v] = load<T>(y + v * lanes<T>);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> left = splat<T>(ry[i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < Wide; ++v) total[i][v] += left * right[v];
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

// Rows [first, first + Height) of the scatter, in the columns of one panel of y.
template <class T, int Height>
SOFTMIX_INLINE void update_rows(T* ry, const T* right, int n, ptrdiff_t first, ptrdiff_t column, double* scatter,
                                ptrdiff_t entries) {
  const T* const left = left_panel<T>(ry, first);
  switch (round_up(first + Height - column, lanes<T>) / lanes<T>) {
    case 1: return rank_update<T, Height, 1>(left, right, n, first, column, scatter, entries);
    case 2: return rank_update<T, Height, 2>(left, right, n, first, column, scatter, entries);
    default: return rank_update<T, Height, kVectors>(left, right, n, first, column, scatter, entries);
  }
}

// One panel of y at a time, which stays in the first-level cache while those of r y pass by.
template <class T> void add_scatter(T* ry, T* y, ptrdiff_t d, int n, double* scatter) {
  const ptrdiff_t entries = d * (d + 1) / 2, whole = d / kBlock * kBlock;
  for (ptrdiff_t column = 0; column < d; column += group<T>) {
    const T* const right = right_panel<T>(y, column);
    for (ptrdiff_t row = column / kBlock * kBlock; row < whole; row += kBlock)
      update_rows<T, kBlock>(ry, right, n, row, column, scatter, entries);
    switch (d - whole) {
      case 1: update_rows<T, 1>(ry, right, n, whole, column, scatter, entries); break;
      case 2: update_rows<T, 2>(ry, right, n, whole, column, scatter, entries); break;
      case 3: update_rows<T, 3>(ry, right, n, whole, column, scatter, entries); break;
#if SOFTMIX_BLOCK_ROWS > 4
      case 4: update_rows<T, 4>(ry, right, n, whole, column, scatter, entries); break;
      case 5: update_rows<T, 5>(ry, right, n, whole, column, scatter, entries); break;
      case 6: update_rows<T, 6>(ry, right, n, whole, column, scatter, entries); break;
      case 7: update_rows<T, 7>(ry, right, n, whole, column, scatter, entries); break;
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

// Packs y = x − c and r y of the chosen rows, and adds Σ r y to `sum`.
template <class T>
void pack_rows(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, ptrdiff_t padded, T* y, T* ry,
               double* sum) {
  for (ptrdiff_t column = 0; column < padded; column += lanes<T>) {
    const Vec<T> c = load<T>(center + column);
    T *const right = right_panel<T>(y, column), *const left = left_panel<T>(ry, column);
    Vec<T> total = {};
    for (int a = 0; a < chosen.n; ++a) {
      const Vec<T> centred = load<T>(chosen.row[a] + column) - c;
      const Vec<T> weighted = centred * chosen.resp[a];
      store<T>(right + a * group<T>, centred);
      store<T>(left + a * kLeft<T>, weighted);
      total += weighted;
    }
    add_vector<T>(sum + column, total, d - column);
  }
}

template <class T, int Wide>
SOFTMIX_INLINE void squares_of(const ChosenRows<T>& chosen, const T* center, ptrdiff_t column, ptrdiff_t d,
                               bool trace, double* sum, double* scatter) {
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
void add_squares(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, ptrdiff_t padded, bool trace,
                 double* sum, double* scatter) {
  ptrdiff_t column = 0;
  for (; column + 4 * lanes<T> <= padded; column += 4 * lanes<T>)
    squares_of<T, 4>(chosen, center, column, d, trace, sum, scatter);
  for (; column < padded; column += lanes<T>)
    squares_of<T, 1>(chosen, center, column, d, trace, sum, scatter);
}

template <class T> constexpr ptrdiff_t row_scratch(ptrdiff_t d) {
  return kChunk * round_up(d, group<T> > kLeft<T> ? group<T> : kLeft<T>);
}

// The rows listed in `positions` (seen from row `first` of the block of n rows) with their
// responsibilities, kChunk at a time. y and ry are scratch of row_scratch(d), `edge` of (kChunk,
// padded).
template <class T>
void add_row_moments(Dimensions dims, ptrdiff_t padded, const T* rows, ptrdiff_t n, ptrdiff_t first,
                     const int32_t* positions, int n_positions, const T* resp, const T* inverse, const T* center,
                     T* y, T* ry, T* edge, Target target) {
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
    *target.count += (count[0] + count[1]) + (count[2] + count[3]);
    if (is_matrix(dims.shape)) {
      pack_rows<T>(chosen, center, d, padded, y, ry, target.sum);
      add_scatter<T>(ry, y, d, chosen.n, target.scatter);
    } else {
      add_squares<T>(chosen, center, d, padded, dims.shape == Shape::scalar, target.sum, target.scatter);
    }
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// Rows become panels: a vector then holds one column of several rows.
#pragma once

#include "layout.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// `D` columns of the rows of one panel, a number known to the compiler: it shuffles registers.
template <class T, int D> SOFTMIX_INLINE void transpose_columns(const T* rows, ptrdiff_t stride, T* columns) {
  for (int t = 0; t < group<T>; ++t) {
    SOFTMIX_UNROLL
    for (int j = 0; j < D; ++j) columns[j * group<T> + t] = rows[t * stride + j];
  }
}

template <class T, int D> void transpose_whole(const T* rows, T* panels) {
  for (int p = 0; p < kTile / group<T>; ++p, rows += group<T> * D, panels += group<T> * D)
    transpose_columns<T, D>(rows, D, panels);
}

// Many columns of n rows, whole panels of them, row_of(0), row_of(1) …: a slab of columns at a time
// through a small copy.
template <class T, class RowOf> SOFTMIX_INLINE void transpose_slabs(RowOf row_of, int n, ptrdiff_t d, T* panels) {
  constexpr int kSlab = 8;
  T slab[group<T> * kSlab];
  for (int first = 0; first < n; first += group<T>, panels += group<T> * d) {
    ptrdiff_t j = 0;
    for (; j + kSlab <= d; j += kSlab) {
      for (int t = 0; t < group<T>; ++t) __builtin_memcpy(slab + t * kSlab, row_of(first + t) + j, sizeof(T) * kSlab);
      transpose_columns<T, kSlab>(slab, kSlab, panels + j * group<T>);
    }
    for (; j < d; ++j)
      for (int t = 0; t < group<T>; ++t) panels[j * group<T> + t] = row_of(first + t)[j];
  }
}

// `rows` row-major rows into panels; what is missing of a whole tile repeats the first row.
template <class T> void transpose(const T* rows, ptrdiff_t n, ptrdiff_t d, T* panels) {
  if (n >= kTile && d == 1) return transpose_whole<T, 1>(rows, panels);
  if (n >= kTile && d == 2) return transpose_whole<T, 2>(rows, panels);
  if (n >= kTile && d == 3) return transpose_whole<T, 3>(rows, panels);
  if (n >= kTile && d == 4) return transpose_whole<T, 4>(rows, panels);
  if (n >= kTile && d == 5) return transpose_whole<T, 5>(rows, panels);
  if (n >= kTile && d == 6) return transpose_whole<T, 6>(rows, panels);
  if (n >= kTile && d == 7) return transpose_whole<T, 7>(rows, panels);
  if (n >= kTile && d == 8) return transpose_whole<T, 8>(rows, panels);
  if (n >= kTile) return transpose_slabs<T>([=](ptrdiff_t t) { return rows + t * d; }, kTile, d, panels);
  for (int t = 0; t < kTile; ++t) {
    const T* row = rows + (t < n ? t : 0) * d;
    T* const column = panels + (t / group<T>)*d * group<T> + t % group<T>;
    for (ptrdiff_t j = 0; j < d; ++j) column[j * group<T>] = row[j];
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

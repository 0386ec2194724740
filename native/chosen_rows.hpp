// The rows that a component has a part in, and what adds their statistics up.
#pragma once

#include "dense_moments.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Positions, responsibilities and their roots of some rows of a stretch, ascending.
template <class T> struct ChosenRows {
  const T* rows;  // a row is readable up to the padded number of columns
  ptrdiff_t stride;
  int n;
  const int32_t* at;
  const T *resp, *root;

  const T* row(int a) const { return rows + at[a] * stride; }
  ChosenRows from(int a, int count) const { return {rows, stride, count, at + a, resp + a, root + a}; }
};

// Where such lists are written.
template <class T> struct ChosenLists {
  int32_t* at;
  T *resp, *root;
};

// How many of n rows are positive, judged by every fourth vector of them.
template <class T> ptrdiff_t estimate_positive(const T* p, ptrdiff_t n) {
  constexpr int kEvery = 4;
  Int<T> found = {};
  for (ptrdiff_t t = 0; t < n; t += kEvery * lanes<T>) found -= load<T>(p + t) > splat<T>(0);
  ptrdiff_t count = 0;
  for (int lane = 0; lane < lanes<T>; ++lane) count += found[lane];
  return kEvery * count;
}

// Lists the rows with resp · inverse > 0 among `n`, a multiple of the lanes; gives how many. The
// lists have room for a vector more.
template <class T>
int choose_rows(const T* resp, const T* inverse, ptrdiff_t n, int32_t* at, T* chosen, T* root) {
  int count = 0;
  for (ptrdiff_t t = 0; t < n; t += lanes<T>)
    count += append_positive<T>(load<T>(resp + t) * load<T>(inverse + t), int(t), at + count, chosen + count);
  for (int a = 0; a < count; ++a) root[a] = square_root(chosen[a]);
  return count;
}

// r = resp · inverse of n rows, a multiple of the lanes.
template <class T> void scale_resp(const T* resp, const T* inverse, ptrdiff_t n, T* scaled) {
  for (ptrdiff_t t = 0; t < n; t += lanes<T>) store<T>(scaled + t, load<T>(resp + t) * load<T>(inverse + t));
}

template <class T> double sum_of(const T* values, ptrdiff_t n) {
  double part[8] = {};
  ptrdiff_t a = 0;
  for (; a + 8 <= n; a += 8)
    for (int i = 0; i < 8; ++i) part[i] += double(values[a + i]);
  for (; a < n; ++a) part[0] += double(values[a]);
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

// Adds v to `sum`, as float64.
SOFTMIX_INLINE void add_lanes(double* sum, Vec<double> v) { store<double>(sum, load<double>(sum) + v); }

SOFTMIX_INLINE void add_lanes(double* sum, Vec<float> v) {
  typedef float Half __attribute__((vector_size(SOFTMIX_VECTOR_BYTES / 2)));
  Half half[2];
  __builtin_memcpy(half, &v, sizeof v);
  for (int h = 0; h < 2; ++h) add_lanes(sum + h * lanes<double>, __builtin_convertvector(half[h], Vec<double>));
}

template <class T> SOFTMIX_INLINE void add_vector(double* out, Vec<T> v, ptrdiff_t wanted) {
  if (wanted >= lanes<T>) return add_lanes(out, v);
  T part[lanes<T>];
  store<T>(part, v);
  for (ptrdiff_t j = 0; j < wanted; ++j) out[j] += double(part[j]);
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// Sums and squares of one component over chosen rows, a vector across columns.
#pragma once

#include "chosen_rows.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Adds columns [column, column + Wide vectors) of Σ r y² to `scatter`, or their sum where only the
// trace is asked for.
template <class T>
SOFTMIX_INLINE void add_squares_to(double* scatter, Vec<T> squares, ptrdiff_t start, ptrdiff_t d, bool trace) {
  if (!trace) return add_vector<T>(scatter + start, squares, d - start);
  double part[lanes<T>] = {};
  add_vector<T>(part, squares, d - start);
  for (int lane = 0; lane < lanes<T>; ++lane) *scatter += part[lane];
}

template <class T, int Wide>
SOFTMIX_INLINE void squares_of(const ChosenRows<T>& chosen, const T* center, ptrdiff_t column, ptrdiff_t d, bool trace,
                               Target target) {
  Vec<T> c[Wide], first[Wide] = {}, second[Wide] = {};
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) c[v] = load<T>(center + column + v * lanes<T>);
  for (int a = 0; a < chosen.n; ++a) {
    const T* const row = chosen.row(a) + column;
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) {
      const Vec<T> y = load<T>(row + v * lanes<T>) - c[v];
      const Vec<T> ry = y * chosen.resp[a];
      first[v] += ry;
      second[v] += ry * y;
    }
  }
  SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    const ptrdiff_t start = column + v * lanes<T>;
    add_vector<T>(target.sum + start, first[v], d - start);
    add_squares_to<T>(target.scatter, second[v], start, d, trace);
  }
}

// Adds Σ r y and Σ r y² (or its trace).
template <class T>
void add_row_squares(const ChosenRows<T>& chosen, const T* center, ptrdiff_t d, bool trace, Target target) {
  ptrdiff_t column = 0;
  for (; column + 3 * lanes<T> < d; column += 4 * lanes<T>) squares_of<T, 4>(chosen, center, column, d, trace, target);
  for (; column < d; column += lanes<T>) squares_of<T, 1>(chosen, center, column, d, trace, target);
}

// What one of several components adds to: its responsibilities for consecutive rows among it.
template <class T> struct Member {
  const T *resp, *center;
  Target target;
};

// Rows come from the second-level cache: several components share each of them.
constexpr int kShare = 4;

template <class T, int Wide>
SOFTMIX_INLINE void shared_squares_of(const T* rows, ptrdiff_t n, ptrdiff_t stride, const Member<T> (&members)[kShare],
                                      ptrdiff_t column, ptrdiff_t d, bool trace) {
  Vec<T> first[kShare][Wide] = {}, second[kShare][Wide] = {};
  const T *resp[kShare], *center[kShare];
  SOFTMIX_UNROLL
  for (int m = 0; m < kShare; ++m) resp[m] = members[m].resp, center[m] = members[m].center + column;
  const T* row = rows + column;
  for (ptrdiff_t t = 0; t < n; ++t, row += stride) {
    SOFTMIX_UNROLL
    for (int v = 0; v < Wide; ++v) {
      const Vec<T> x = load<T>(row + v * lanes<T>);
      SOFTMIX_UNROLL
      for (int m = 0; m < kShare; ++m) {
        const Vec<T> y = x - load<T>(center[m] + v * lanes<T>);
        const Vec<T> ry = y * resp[m][t];
        first[m][v] += ry;
        second[m][v] += ry * y;
      }
    }
  }
  SOFTMIX_UNROLL
  for (int m = 0; m < kShare; ++m) SOFTMIX_UNROLL
  for (int v = 0; v < Wide; ++v) {
    const ptrdiff_t start = column + v * lanes<T>;
    add_vector<T>(members[m].target.sum + start, first[m][v], d - start);
    add_squares_to<T>(members[m].target.scatter, second[m][v], start, d, trace);
  }
}

// The same over n consecutive rows for several components that have a part in most of them.
template <class T>
void add_shared_squares(const T* rows, ptrdiff_t n, ptrdiff_t stride, const Member<T> (&members)[kShare], ptrdiff_t d,
                        bool trace) {
  ptrdiff_t column = 0;
  for (; column + lanes<T> < d; column += 2 * lanes<T>)
    shared_squares_of<T, 2>(rows, n, stride, members, column, d, trace);
  for (; column < d; column += lanes<T>) shared_squares_of<T, 1>(rows, n, stride, members, column, d, trace);
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// Moments of one component over chosen rows of a block.
#pragma once

#include "light_rows.hpp"
#include "row_scatter.hpp"
#include "row_squares.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

template <class T, class P>
void add_moments_of(Dimensions dims, const ChosenRows<T>& chosen, const T* center, T* packed, Target target) {
  if (is_matrix(dims.shape)) return add_row_scatter<T, P>(chosen, center, dims.features, packed, target);
  add_row_squares<T>(chosen, center, dims.features, dims.shape == Shape::scalar, target);
}

// Rows that lie within a vector of the block's end, and how much of a copy they need.
template <class T> constexpr ptrdiff_t edge_rows(ptrdiff_t d) { return round_up(lanes<T> - 1, d) / d; }
template <class T> constexpr ptrdiff_t edge_scratch(ptrdiff_t d) { return edge_rows<T>(d) * round_up(d, lanes<T>); }

// Adds the statistics of the chosen rows, of which at most `readable` are read where they lie: of
// later ones a whole vector would reach past the block. `edge` is scratch of edge_scratch(d), `packed`
// of row_scratch(d). Products are taken in P.
template <class T, class P = T>
void add_row_moments(Dimensions dims, const ChosenRows<T>& chosen, ptrdiff_t readable, const T* center, T* packed,
                     T* edge, Target target) {
  const ptrdiff_t d = dims.features, padded = round_up(d, lanes<T>);
  *target.count += sum_of(chosen.resp, chosen.n);
  int safe = chosen.n;
  while (safe && chosen.at[safe - 1] >= readable) --safe;
  add_moments_of<T, P>(dims, chosen.from(0, safe), center, packed, target);
  if (safe == chosen.n) return;
  int32_t order[edge_rows<T>(1)];
  for (int a = safe; a < chosen.n; ++a) {
    order[a - safe] = a - safe;
    for (ptrdiff_t j = 0; j < padded; ++j) edge[(a - safe) * padded + j] = j < d ? chosen.row(a)[j] : T(0);
  }
  add_moments_of<T, P>(dims, {edge, padded, chosen.n - safe, order, chosen.resp + safe, chosen.root + safe}, center,
                       packed, target);
}

// Adds the statistics of `members` over n consecutive rows, with edges as above.
template <class T>
void add_shared_moments(Dimensions dims, const T* rows, ptrdiff_t n, ptrdiff_t readable, Member<T> (&members)[kShare],
                        T* edge) {
  const ptrdiff_t d = dims.features, padded = round_up(d, lanes<T>);
  const bool trace = dims.shape == Shape::scalar;
  const ptrdiff_t safe = readable < 0 ? 0 : readable < n ? readable : n;
  for (Member<T>& member : members) *member.target.count += sum_of(member.resp, n);
  add_shared_squares<T>(rows, safe, d, members, d, trace);
  for (ptrdiff_t t = safe; t < n; ++t)
    for (ptrdiff_t j = 0; j < padded; ++j) edge[(t - safe) * padded + j] = j < d ? rows[t * d + j] : T(0);
  for (Member<T>& member : members) member.resp += safe;
  add_shared_squares<T>(edge, n - safe, padded, members, d, trace);
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

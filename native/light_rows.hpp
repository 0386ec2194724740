// Rows of so little weight that their scatter may be taken in float32, at twice the speed.
//
// Rounding to float32 loses 2^−24 of a term. Of terms that together are at most 2^−27 of a component's
// weight it loses some 2^−50 of the whole: less than what a responsibility, the exponential of a difference of
// numbers of about d, is uncertain by, and than what a sum of as many rows in float64 may lose. (Each part
// in the precision that its size needs: Higham and Mary, Mixed precision algorithms in numerical linear
// algebra, Acta Numerica 31, 2022, section 14.)
#pragma once

#include "chosen_rows.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// The share of a component's weight that its light rows may have together.
constexpr double kLightShare = 0x1p-27;

// Two products instead of one must pay: the lighter rows are at least so many.
constexpr int kFewestLight = 32;

// Σ r of the rows with r below `limit`, and how many they are.
struct Lightness {
  double weight;
  int count;
};

template <class T> Lightness below(const T* resp, int n, T limit) {
  Vec<T> sum = {};
  Int<T> found = {};
  int a = 0;
  for (; a + lanes<T> <= n; a += lanes<T>) {
    const Vec<T> r = load<T>(resp + a);
    const Int<T> light = r < splat<T>(limit);
    sum += light ? r : Vec<T>{};
    found -= light;
  }
  Lightness total = {0, 0};
  for (int lane = 0; lane < lanes<T>; ++lane) {
    total.weight += double(sum[lane]);
    total.count += int(found[lane]);
  }
  for (; a < n; ++a)
    if (resp[a] < limit) total = {total.weight + double(resp[a]), total.count + 1};
  return total;
}

// The responsibility below which rows are light; 0 where too few are. Rows below the mean of what the
// light may have together always qualify; those of up to 512 times that do if they are not too many.
template <class T> T light_limit(const T* resp, int n) {
  const double allowed = kLightShare * sum_of(resp, n);
  for (double times = 512; times >= 1; times /= 8) {
    const T limit = T(times * allowed / n);
    const Lightness light = below<T>(resp, n, limit);
    if (light.count < kFewestLight) return T(0);
    if (light.weight <= allowed) return limit;
  }
  return T(0);
}

// Moves the n rows' lighter ones, below `limit`, to lists of their own; gives how many stay. Both lists
// stay ascending, and `light` has room for all rows.
template <class T> int set_light_apart(T limit, int n, const ChosenLists<T>& rows, const ChosenLists<T>& light) {
  int heavy = 0, apart = 0;
  for (int a = 0; a < n; ++a) {
    const int32_t at = rows.at[a];
    const T resp = rows.resp[a], root = rows.root[a];
    light.at[apart] = at, light.resp[apart] = resp, light.root[apart] = root;
    rows.at[heavy] = at, rows.resp[heavy] = resp, rows.root[heavy] = root;
    apart += resp < limit, heavy += !(resp < limit);
  }
  return heavy;
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// NumPy would take a pass of single values, strided, for each column, and one more for what is finite.
#include "columns.hpp"

#include <cstdint>
#include <cstring>

namespace softmix {
namespace {

template <class T> struct Exponent;  // all ones where a value is not finite; one more is carried into the sign

template <> struct Exponent<float> {
  using Bits = uint32_t;
  static constexpr Bits mask = 0x7f800000u, one = 0x00800000u;
};

template <> struct Exponent<double> {
  using Bits = uint64_t;
  static constexpr Bits mask = 0x7ff0000000000000u, one = 0x0010000000000000u;
};

// `D` columns, a number known to the compiler, beside each other in rows that are `d` long.
template <class T, int D> void write_slab(const T* const* columns, ptrdiff_t n, ptrdiff_t d, T* rows) {
  for (ptrdiff_t i = 0; i < n; ++i) {
    T values[D];
    for (int j = 0; j < D; ++j) values[j] = columns[j][i];
    std::memcpy(rows + i * d, values, sizeof values);
  }
}

}  // namespace

template <class T> void interleave(const T* const* columns, ptrdiff_t n, ptrdiff_t d, T* rows) {
  ptrdiff_t j = 0;
  for (; j + 8 <= d; j += 8) write_slab<T, 8>(columns + j, n, d, rows + j);
  for (; j + 2 <= d; j += 2) write_slab<T, 2>(columns + j, n, d, rows + j);
  for (; j < d; ++j) write_slab<T, 1>(columns + j, n, d, rows + j);
}

template <class T> bool all_finite(const T* values, ptrdiff_t n) {
  using Bits = typename Exponent<T>::Bits;
  Bits carried = 0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, values + i, sizeof bits);
    carried |= (bits & Exponent<T>::mask) + Exponent<T>::one;
  }
  return carried >> (8 * sizeof(Bits) - 1) == 0;
}

template void interleave(const float* const*, ptrdiff_t, ptrdiff_t, float*);
template void interleave(const double* const*, ptrdiff_t, ptrdiff_t, double*);
template bool all_finite(const float*, ptrdiff_t);
template bool all_finite(const double*, ptrdiff_t);

}  // namespace softmix

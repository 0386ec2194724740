// Columns, as files have them, to rows, as the kernels take them.
#pragma once

#include <cstddef>

namespace softmix {

// Writes the `n` rows of `d` columns to `rows` (n, d).
template <class T> void interleave(const T* const* columns, ptrdiff_t n, ptrdiff_t d, T* rows);

// Whether none of `n` values is infinite or no number.
template <class T> bool all_finite(const T* values, ptrdiff_t n);

}  // namespace softmix

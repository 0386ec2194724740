// Rotations of the axes that several small symmetric matrices are to share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softmix {

// For each of the `planes` pairs of axes (p, q) in turn, rotates the columns p and q of `axes` (d, d) and the
// `count` matrices `rotated` (count, d, d), symmetric, which are seen along these axes, by the angle at which
//     Σ_k Σ_j rotated[k][j][j] precisions[k][j]
// is lowest. `precisions` is (count, d). All in place.
void rotate_axes(ptrdiff_t count, ptrdiff_t d, ptrdiff_t planes, const int64_t* pairs, const double* precisions,
                 double* axes, double* rotated);

}  // namespace softmix

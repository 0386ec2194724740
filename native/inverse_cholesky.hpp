// The inverse Cholesky factor of each of a stack of small symmetric matrices.
#pragma once

#include <cstddef>

namespace softmix {

// For each of `count` symmetric d x d matrices A (only the upper triangles are read) writes the lower triangular
// F with F A Fᵀ = I to `factors`, zeros above the diagonal. Writes its squared Frobenius norm, a bound on one over
// the smallest eigenvalue of A, to `squared_norms`; infinity, and no factor, where A is not positive definite in
// this arithmetic. `scratch` holds d * d numbers.
void inverse_cholesky(ptrdiff_t count, ptrdiff_t d, const double* matrices, double* factors, double* squared_norms,
                      double* scratch);

}  // namespace softmix

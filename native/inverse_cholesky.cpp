// For the small matrices of a search for a start; those of a fit are inverted by the instruction set in use.
#include "inverse_cholesky.hpp"

#include "elimination.hpp"

namespace softmix {

void inverse_cholesky(ptrdiff_t count, ptrdiff_t d, const double* matrices, double* factors, double* squared_norms,
                      double* scratch) {
  SOFTMIX_ISA::inverse_cholesky(count, d, matrices, factors, squared_norms, scratch);
}

}  // namespace softmix

// log p(x, k) becomes responsibilities: r = exp(log p(x, k) − log p(x)), all in log space.
#pragma once

#include "layout.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// For `rows` rows (a multiple of the lanes): log_joint (K, stride) becomes exp(log_joint − max),
// 0 below `cutoff`; `inverse` receives 1 / Σ_k of it; `log_norm` receives log p(x).
// A row so far out that every log-density overflows gets log_norm −∞ and inverse 0.
template <class T>
void normalise(T* log_joint, ptrdiff_t components, ptrdiff_t stride, ptrdiff_t rows, T cutoff, T* inverse,
               T* log_norm) {
  const T lowest = sizeof(T) == 8 ? T(-1.7e308) : T(-3.4e38f);
  for (ptrdiff_t t = 0; t < rows; t += lanes<T>) {
    Vec<T> top = splat<T>(lowest);
    for (ptrdiff_t k = 0; k < components; ++k) top = max<T>(load<T>(log_joint + k * stride + t), top);
    Vec<T> sum = {};
    for (ptrdiff_t k = 0; k < components; ++k) {
      T* const p = log_joint + k * stride + t;
      const Vec<T> e = exp_or_zero<T>(load<T>(p) - top, cutoff);
      sum += e;
      store<T>(p, e);
    }
    const Int<T> found = sum > splat<T>(0);
    store<T>(inverse + t, found ? T(1) / sum : Vec<T>{});
    store<T>(log_norm + t, found ? top + log<T>(sum) : splat<T>(-__builtin_inf()));
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

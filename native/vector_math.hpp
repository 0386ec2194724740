// exp and log on vectors, for the arguments that EM has: exp of numbers that are not large, log of
// positive ones. Argument reduction after Cody & Waite (1980); the polynomials are minimax
// (Remez), to 8e-18 and 3e-9 for exp, 5e-18 and 3e-9 for log, relative.
#pragma once

#include "simd.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

template <class T> struct Format;

template <> struct Format<double> {
  static constexpr double kRound = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds to integers
  static constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  static constexpr int kMantissaBits = 52;
  static constexpr uint64_t kMantissa = 0xfffffffffffff, kSqrtHalf = 0x3fe6a09e667f3bcd;
  static constexpr double kExpMin = -708.0;  // exp of less would not be a normal number
  static constexpr double kNegligible = -48.0;
};

template <> struct Format<float> {
  static constexpr float kRound = 12582912.0f;  // 1.5 · 2^23
  static constexpr float kLn2High = 6.93359375e-01f, kLn2Low = -2.12194440e-4f;
  static constexpr int kMantissaBits = 23;
  static constexpr uint32_t kMantissa = 0x7fffff, kSqrtHalf = 0x3f3504f3;
  static constexpr float kExpMin = -87.0f;
  static constexpr float kNegligible = -36.0f;
};

// (e^r − 1 − r) / r² for |r| ≤ ½ ln 2
SOFTMIX_INLINE Vec<double> exp_tail(Vec<double> r) {
  const Vec<double> r2 = r * r;
  const Vec<double> a = 0.50000000000000102245 + 0.1666666666666667453 * r;
  const Vec<double> b = 0.04166666666652199074 + 0.0083333333333222072959 * r;
  const Vec<double> c = 0.0013888888947820891418 + 0.0001984126988659099934 * r;
  const Vec<double> d = 0.000024801487326012336596 + 2.7557242336680357125e-6 * r;
  const Vec<double> e = 2.76326557593320308e-7 + 2.511004989585871599e-8 * r;
  return a + r2 * (b + r2 * (c + r2 * (d + r2 * e)));
}

SOFTMIX_INLINE Vec<float> exp_tail(Vec<float> r) {
  return 0.499999934478f +
         r * (0.166665206317f + r * (0.0416683880453f + r * (0.00836871687973f + r * 0.00138145986467f)));
}

// exp(x) for kExpMin ≤ x ≤ 80; exactly 0 for x below `cutoff` ≥ kExpMin.
template <class T> SOFTMIX_INLINE Vec<T> exp_or_zero(Vec<T> x, T cutoff) {
  typedef Format<T> F;
  const Int<T> kept = x >= splat<T>(cutoff);
  const Vec<T> rounded = x * T(1.44269504088896340736) + F::kRound;
  const Vec<T> n = rounded - F::kRound;
  const Vec<T> r = (x - n * F::kLn2High) - n * F::kLn2Low;
  const Vec<T> p = T(1) + (r + r * r * exp_tail(r));
  // The low bits of `rounded` are n; shifted, they add to the exponent.
  const Bits<T> bits = (Bits<T>)p + ((Bits<T>)rounded << F::kMantissaBits);
  return (Vec<T>)(bits & (Bits<T>)kept);
}

// P(s) in log m = 2 f + f s P(s), with f = (m − 1) / (m + 1) and s = f².
SOFTMIX_INLINE Vec<double> log_tail(Vec<double> s) {
  return 0.66666666666667095388 +
         s * (0.39999999999519823484 +
              s * (0.28571428729284787536 +
                   s * (0.2222219909089342018 +
                        s * (0.18183571541169415259 + s * (0.15313164375076815771 + s * 0.14810519990824060203)))));
}

SOFTMIX_INLINE Vec<float> log_tail(Vec<float> s) {
  return 0.666667782927f + s * (0.399760778799f + s * 0.299255926031f);
}

SOFTMIX_INLINE Vec<double> to_real(Int<double> n) { return __builtin_convertvector(n, Vec<double>); }
SOFTMIX_INLINE Vec<float> to_real(Int<float> n) { return __builtin_convertvector(n, Vec<float>); }

// log(x) for positive normal x.
template <class T> SOFTMIX_INLINE Vec<T> log(Vec<T> x) {
  typedef Format<T> F;
  // m = x · 2^−n in [√½, √2)
  const Bits<T> bits = (Bits<T>)x - F::kSqrtHalf;
  const Int<T> n = (Int<T>)bits >> F::kMantissaBits;
  const Vec<T> m = (Vec<T>)((bits & F::kMantissa) + F::kSqrtHalf);
  const Vec<T> f = (m - T(1)) / (m + T(1)), s = f * f;
  const Vec<T> whole = to_real(n);
  return whole * F::kLn2High + (T(2) * f + (f * s * log_tail(s) + whole * F::kLn2Low));
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

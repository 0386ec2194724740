// Vectors of the instruction set that this translation unit is compiled for.
//
// They are the compiler's own vector types (GCC, Clang), so one source serves every instruction
// set. Everything sits in a namespace named after the set: the linker must never merge a function
// of one with that of another. For the same reason no standard-library template is used here.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define SOFTMIX_ISA avx512
#define SOFTMIX_VECTOR_BYTES 64
#define SOFTMIX_BLOCK_ROWS 8
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__)
#define SOFTMIX_ISA avx2
#define SOFTMIX_VECTOR_BYTES 32
#define SOFTMIX_BLOCK_ROWS 4
#elif defined(__aarch64__)
#define SOFTMIX_ISA neon
#define SOFTMIX_VECTOR_BYTES 16
#define SOFTMIX_BLOCK_ROWS 8
#else
#define SOFTMIX_ISA baseline
#define SOFTMIX_VECTOR_BYTES 16
#define SOFTMIX_BLOCK_ROWS 4
#endif

#define SOFTMIX_INLINE static inline __attribute__((always_inline))
#define SOFTMIX_INLINE_MEMBER inline __attribute__((always_inline))
#define SOFTMIX_UNROLL _Pragma("GCC unroll 32")

namespace softmix {
namespace SOFTMIX_ISA {

template <class T> struct Simd;

template <> struct Simd<double> {
  typedef double Vec __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
  typedef double Loose __attribute__((vector_size(SOFTMIX_VECTOR_BYTES), aligned(8), may_alias));
  typedef int64_t Int __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
  typedef uint64_t Bits __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
};

template <> struct Simd<float> {
  typedef float Vec __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
  typedef float Loose __attribute__((vector_size(SOFTMIX_VECTOR_BYTES), aligned(4), may_alias));
  typedef int32_t Int __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
  typedef uint32_t Bits __attribute__((vector_size(SOFTMIX_VECTOR_BYTES)));
};

template <class T> using Vec = typename Simd<T>::Vec;
template <class T> using Int = typename Simd<T>::Int;    // truth values: 0 or −1
template <class T> using Bits = typename Simd<T>::Bits;  // what may wrap around

template <class T> constexpr int lanes = SOFTMIX_VECTOR_BYTES / int(sizeof(T));

// The register tile of the kernels: kBlock outputs of kVectors vectors each.
constexpr int kBlock = SOFTMIX_BLOCK_ROWS;
constexpr int kVectors = 3;

template <class T> SOFTMIX_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Loose*>(p);
}

template <class T> SOFTMIX_INLINE void store(T* p, Vec<T> v) { *reinterpret_cast<typename Simd<T>::Loose*>(p) = v; }

template <class T> SOFTMIX_INLINE Vec<T> splat(T x) { return x - Vec<T>{}; }

template <class T> SOFTMIX_INLINE Int<T> splat_int(ptrdiff_t x) { return decltype(Int<T>{}[0])(x) - Int<T>{}; }

template <class T> SOFTMIX_INLINE Vec<T> max(Vec<T> a, Vec<T> b) { return a > b ? a : b; }

SOFTMIX_INLINE double square_root(double x) { return __builtin_sqrt(x); }
SOFTMIX_INLINE float square_root(float x) { return __builtin_sqrtf(x); }

template <class T> SOFTMIX_INLINE bool all_true(Int<T> holds) {
  decltype(holds[0] + 0) every = -1;
  for (int lane = 0; lane < lanes<T>; ++lane) every &= holds[lane];
  return every != 0;
}

// Appends the positive lanes of p to `out`, and their positions base + lane to `at`; gives how many.
// Either list may be written a whole vector on.
template <class T> SOFTMIX_INLINE int append_positive(Vec<T> p, int base, int32_t* at, T* out) {
  int found = 0;
  for (int lane = 0; lane < lanes<T>; ++lane) {
    at[found] = base + lane;
    out[found] = p[lane];
    found += p[lane] > T(0);
  }
  return found;
}

#if SOFTMIX_VECTOR_BYTES == 64
template <> inline __attribute__((always_inline)) bool all_true<double>(Int<double> holds) {
  return _mm512_movepi64_mask((__m512i)holds) == 0xff;
}

template <> inline __attribute__((always_inline)) bool all_true<float>(Int<float> holds) {
  return _mm512_movepi32_mask((__m512i)holds) == 0xffff;
}

template <>
inline __attribute__((always_inline)) int append_positive<double>(Vec<double> p, int base, int32_t* at, double* out) {
  const __m512d values = (__m512d)p;
  const __mmask8 mask = _mm512_cmp_pd_mask(values, _mm512_setzero_pd(), _CMP_GT_OQ);
  const __m256i positions = _mm256_add_epi32(_mm256_set1_epi32(base), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm256_maskz_compress_epi32(mask, positions));
  _mm512_storeu_pd(out, _mm512_maskz_compress_pd(mask, values));
  return __builtin_popcount(mask);
}

template <>
inline __attribute__((always_inline)) int append_positive<float>(Vec<float> p, int base, int32_t* at, float* out) {
  const __m512 values = (__m512)p;
  const __mmask16 mask = _mm512_cmp_ps_mask(values, _mm512_setzero_ps(), _CMP_GT_OQ);
  const __m512i positions = _mm512_add_epi32(_mm512_set1_epi32(base),
                                             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  _mm512_storeu_si512(at, _mm512_maskz_compress_epi32(mask, positions));
  _mm512_storeu_ps(out, _mm512_maskz_compress_ps(mask, values));
  return __builtin_popcount(mask);
}
#endif

}  // namespace SOFTMIX_ISA
}  // namespace softmix

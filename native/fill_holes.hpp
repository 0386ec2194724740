// What is missing of a row given the rest of it, where nearly every row lacks other columns: a vector across rows.
//
// With S = P_mm, the precision matrix at the missing columns, and y = x − μ, 0 where x is missing,
//
//     E[y_m | y_o] = −S⁻¹ (P y)_m,   Cov[y_m | y_o] = S⁻¹ = Gᵀ G,   S = L Lᵀ, G = L⁻¹.
//
// A few columns are missing, so S is small. Rows that lack equally many share a vector, each its own lane.
#pragma once

#include "holes.hpp"
#include "vector_math.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// So many dot products at a time share what they load.
constexpr int kDots = 4;

SOFTMIX_INLINE Vec<double> square_root(Vec<double> x) {
  double roots[lanes<double>];
  store(roots, x);
  for (int lane = 0; lane < lanes<double>; ++lane) roots[lane] = __builtin_sqrt(roots[lane]);
  return load(roots);
}

// The dot products of x with N vectors y, which are `stride` apart.
template <int N>
SOFTMIX_INLINE void dots(ptrdiff_t count, const double* x, const double* y, ptrdiff_t stride, Vec<double>* sums) {
  constexpr int W = lanes<double>;
  SOFTMIX_UNROLL
  for (int i = 0; i < N; ++i) sums[i] = Vec<double>{};
  for (ptrdiff_t c = 0; c < count; ++c) {
    const Vec<double> value = load(x + c * W);
    SOFTMIX_UNROLL
    for (int i = 0; i < N; ++i) sums[i] += value * load(y + i * stride + c * W);
  }
}

// Calls use(i, x · y_i) for the `wanted` vectors y, which are `stride` apart. Of a triangle y_i is 0 before its i-th
// number.
template <bool triangle, class Use>
SOFTMIX_INLINE void each_dot(ptrdiff_t wanted, ptrdiff_t count, const double* x, const double* y, ptrdiff_t stride,
                             Use use) {
  Vec<double> sums[kDots];
  ptrdiff_t first = 0;
  for (; first + kDots <= wanted; first += kDots) {
    const ptrdiff_t skipped = triangle ? first : 0, start = skipped * lanes<double>;
    dots<kDots>(count - skipped, x + start, y + first * stride + start, stride, sums);
    for (int i = 0; i < kDots; ++i) use(first + i, sums[i]);
  }
  for (; first < wanted; ++first) {
    const ptrdiff_t skipped = triangle ? first : 0, start = skipped * lanes<double>;
    dots<1>(count - skipped, x + start, y + first * stride + start, stride, sums);
    use(first, sums[0]);
  }
}

// The lower triangle of S (m, m, lanes) becomes that of L, with 1 / L_bb on its diagonal; gives ½ log |S|.
inline Vec<double> factorise(ptrdiff_t m, double* s) {
  constexpr int W = lanes<double>;
  const ptrdiff_t stride = m * W;
  Vec<double> half_log_det{};
  for (ptrdiff_t b = 0; b < m; ++b) {
    double* const row = s + b * stride;
    Vec<double> squares;
    dots<1>(b, row, row, stride, &squares);
    const Vec<double> pivot = load(row + b * W) - squares, scale = 1.0 / square_root(pivot);
    half_log_det += 0.5 * log<double>(pivot);
    store(row + b * W, scale);
    double* const column = row + stride + b * W;
    each_dot<false>(m - b - 1, b, row, row + stride, stride, [&](ptrdiff_t i, Vec<double> sum) {
      store(column + i * stride, (load(column + i * stride) - sum) * scale);
    });
  }
  return half_log_det;
}

// G = L⁻¹ of what `factorise` left, by columns: g (m, m, lanes) has G_cb at (b, c), and 0 where c < b.
inline void invert(ptrdiff_t m, const double* l, double* g) {
  constexpr int W = lanes<double>;
  const ptrdiff_t stride = m * W;
  for (ptrdiff_t a = 0; a < m; ++a) {
    const double* const row = l + a * stride;
    const Vec<double> scale = load(row + a * W);
    each_dot<true>(a, a, row, g, stride,
                   [&](ptrdiff_t b, Vec<double> sum) { store(g + b * stride + a * W, -scale * sum); });
    for (ptrdiff_t c = 0; c < a; ++c) store(g + a * stride + c * W, Vec<double>{});
    store(g + a * stride + a * W, scale);
  }
}

// The lower triangle of Gᵀ G, packed.
inline void square(ptrdiff_t m, const double* g, double* out) {
  constexpr int W = lanes<double>;
  const ptrdiff_t stride = m * W;
  for (ptrdiff_t a = 0; a < m; ++a, out += a * W)
    each_dot<false>(a + 1, m - a, g + a * stride + a * W, g + a * W, stride,
                    [&](ptrdiff_t b, Vec<double> sum) { store(out + b * W, sum); });
}

// x = −Gᵀ G x; u is scratch.
inline void solve(ptrdiff_t m, const double* g, double* x, double* u) {
  constexpr int W = lanes<double>;
  const ptrdiff_t stride = m * W;
  for (ptrdiff_t a = 0; a < m; ++a) store(u + a * W, Vec<double>{});
  for (ptrdiff_t b = 0; b < m; ++b) {
    const double* const column = g + b * stride;
    const Vec<double> factor = load(x + b * W);
    for (ptrdiff_t c = b; c < m; ++c) store(u + c * W, load(u + c * W) + factor * load(column + c * W));
  }
  each_dot<true>(m, m, u, g, stride, [&](ptrdiff_t b, Vec<double> sum) { store(x + b * W, -sum); });
}

// Writes the conditional means into the holes of `deviations`, ½ log |S| (n), and the residual covariances S⁻¹ (see
// residuals_size), which `add_residuals` reads.
inline void fill_holes(const Holes& holes, const Deviations& of, double* half_log_dets, double* residuals,
                       double* scratch) {
  constexpr int W = lanes<double>;
  const ptrdiff_t n = holes.n, d = holes.d, m = holes.m, size = triangle_size(m) * W;
  // A vector that begins where a line of cache does is read at once.
  double* const aligned = scratch + (64 - reinterpret_cast<uintptr_t>(scratch) % 64) % 64 / sizeof(double);
  double *const s = aligned, *const g = s + m * m * W, *const x = g + m * m * W, *const u = x + m * W;
  for (ptrdiff_t first = 0; first < n; first += W, residuals += size) {
    const int64_t* missing[W];
    // Lanes beyond the last row see it again.
    for (int lane = 0; lane < W; ++lane) missing[lane] = holes.missing + (first + lane < n ? first + lane : n - 1) * m;
    for (ptrdiff_t a = 0; a < m; ++a)
      for (int lane = 0; lane < W; ++lane) {
        const double* const precisions = of.precision + missing[lane][a] * d;
        double* const row = s + a * m * W + lane;
        for (ptrdiff_t b = 0; b <= a; ++b) row[b * W] = precisions[missing[lane][b]];
      }
    const Vec<double> half_log_det = factorise(m, s);
    invert(m, s, g);
    square(m, g, residuals);
    const int counted = int(n - first < W ? n - first : W);
    for (int lane = 0; lane < counted; ++lane) half_log_dets[first + lane] = half_log_det[lane];
    for (ptrdiff_t side = 0; side < of.sides; ++side) {
      const ptrdiff_t place = (side * n + first) * d;
      for (int lane = 0; lane < W; ++lane) {
        const double* const products = of.products + place + (lane < counted ? lane : counted - 1) * d;
        for (ptrdiff_t a = 0; a < m; ++a) x[a * W + lane] = products[missing[lane][a]];
      }
      solve(m, g, x, u);
      for (int lane = 0; lane < counted; ++lane)
        for (ptrdiff_t a = 0; a < m; ++a) of.deviations[place + lane * d + missing[lane][a]] = x[a * W + lane];
    }
  }
}

// Adds Σ_i weights_i S_i⁻¹, each at its row's missing columns, to the lower triangle of out (d, d).
inline void add_residuals(const Holes& holes, const double* residuals, const double* weights, double* out) {
  constexpr int W = lanes<double>;
  const ptrdiff_t d = holes.d, m = holes.m;
  for (ptrdiff_t i = 0; i < holes.n; ++i) {
    const double weight = weights[i];
    if (weight == 0.0) continue;
    const int64_t* const missing = holes.missing + i * m;
    const double* from = residuals + (i / W) * triangle_size(m) * W + i % W;
    for (ptrdiff_t a = 0; a < m; ++a) {
      double* const row = out + missing[a] * d;
      for (ptrdiff_t b = 0; b <= a; ++b, from += W) row[missing[b]] += weight * *from;
    }
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

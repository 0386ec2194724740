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

// Row a of a packed lower triangle of vectors.
SOFTMIX_INLINE double* triangle_row(double* triangle, ptrdiff_t a) {
  return triangle + triangle_size(a) * lanes<double>;
}

SOFTMIX_INLINE Vec<double> square_root(Vec<double> x) {
  double roots[lanes<double>];
  store(roots, x);
  for (int lane = 0; lane < lanes<double>; ++lane) roots[lane] = __builtin_sqrt(roots[lane]);
  return load(roots);
}

// S becomes L, with 1 / L_aa on its diagonal; gives ½ log |S|.
inline Vec<double> factorise(ptrdiff_t m, double* s) {
  constexpr int W = lanes<double>;
  Vec<double> half_log_det{};
  for (ptrdiff_t a = 0; a < m; ++a) {
    double* const row = triangle_row(s, a);
    for (ptrdiff_t b = 0; b < a; ++b) {
      const double* const other = triangle_row(s, b);
      Vec<double> even = load(row + b * W), odd{};
      ptrdiff_t c = 0;
      for (; c + 1 < b; c += 2) {
        even -= load(row + c * W) * load(other + c * W);
        odd -= load(row + (c + 1) * W) * load(other + (c + 1) * W);
      }
      if (c < b) even -= load(row + c * W) * load(other + c * W);
      store(row + b * W, (even + odd) * load(other + b * W));
    }
    Vec<double> pivot = load(row + a * W);
    for (ptrdiff_t c = 0; c < a; ++c) pivot -= load(row + c * W) * load(row + c * W);
    half_log_det += 0.5 * log<double>(pivot);
    store(row + a * W, 1.0 / square_root(pivot));
  }
  return half_log_det;
}

// G = L⁻¹ of what `factorise` left.
inline void invert(ptrdiff_t m, double* l, double* g) {
  constexpr int W = lanes<double>;
  for (ptrdiff_t a = 0; a < m; ++a) {
    const double* const row = triangle_row(l, a);
    double* const out = triangle_row(g, a);
    const Vec<double> scale = load(row + a * W);
    for (ptrdiff_t b = 0; b < a; ++b) store(out + b * W, Vec<double>{});
    for (ptrdiff_t c = 0; c < a; ++c) {
      const double* const above = triangle_row(g, c);
      const Vec<double> factor = -scale * load(row + c * W);
      for (ptrdiff_t b = 0; b <= c; ++b) store(out + b * W, load(out + b * W) + factor * load(above + b * W));
    }
    store(out + a * W, scale);
  }
}

// The lower triangle of Gᵀ G.
inline void square(ptrdiff_t m, double* g, double* out) {
  constexpr int W = lanes<double>;
  for (ptrdiff_t i = 0; i < triangle_size(m); ++i) store(out + i * W, Vec<double>{});
  for (ptrdiff_t c = 0; c < m; ++c) {
    const double* const row = triangle_row(g, c);
    for (ptrdiff_t a = 0; a <= c; ++a) {
      double* const target = triangle_row(out, a);
      const Vec<double> factor = load(row + a * W);
      for (ptrdiff_t b = 0; b <= a; ++b) store(target + b * W, load(target + b * W) + factor * load(row + b * W));
    }
  }
}

// x = −Gᵀ G x; u is scratch.
inline void solve(ptrdiff_t m, double* g, double* x, double* u) {
  constexpr int W = lanes<double>;
  for (ptrdiff_t a = 0; a < m; ++a) {
    const double* const row = triangle_row(g, a);
    Vec<double> sum{};
    for (ptrdiff_t b = 0; b <= a; ++b) sum += load(row + b * W) * load(x + b * W);
    store(u + a * W, sum);
  }
  for (ptrdiff_t a = 0; a < m; ++a) store(x + a * W, Vec<double>{});
  for (ptrdiff_t a = 0; a < m; ++a) {
    const double* const row = triangle_row(g, a);
    const Vec<double> factor = load(u + a * W);
    for (ptrdiff_t b = 0; b <= a; ++b) store(x + b * W, load(x + b * W) - factor * load(row + b * W));
  }
}

// Writes the conditional means into the holes of `deviations`, ½ log |S| (n), and the residual covariances S⁻¹ (see
// residuals_size), which `add_residuals` reads.
inline void fill_holes(const Holes& holes, const Deviations& of, double* half_log_dets, double* residuals,
                       double* scratch) {
  constexpr int W = lanes<double>;
  const ptrdiff_t n = holes.n, d = holes.d, m = holes.m, size = triangle_size(m) * W;
  double *const s = scratch, *const g = s + size, *const x = g + size, *const u = x + m * W;
  for (ptrdiff_t first = 0; first < n; first += W, residuals += size) {
    const int64_t* missing[W];
    // Lanes beyond the last row see it again.
    for (int lane = 0; lane < W; ++lane) missing[lane] = holes.missing + (first + lane < n ? first + lane : n - 1) * m;
    for (ptrdiff_t a = 0; a < m; ++a)
      for (int lane = 0; lane < W; ++lane) {
        const double* const precisions = of.precision + missing[lane][a] * d;
        double* const row = triangle_row(s, a) + lane;
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

// log π_k N(x; μ_k, Σ_k) for a tile of rows: |z|² with z = F (x − c) − b, a vector across rows.
#pragma once

#include "layout.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Under a triangular factor: in float64 the centre is the mean and b is zero; in float32 b restores
// what rounding the mean lost.
template <class T> constexpr bool has_offset = sizeof(T) == 4;

// Columns of the diagonal part of a row block: entry (i, j) for i ≥ j, then |z_j|² is complete.
// They are the first to need these columns, and leave them centred in y for later blocks: the
// loads and stores hide behind the products.
template <class T, int Height>
SOFTMIX_INLINE void triangle(const T* x, const T* center, const T* factor, T* y, Vec<T> (&z)[Height][kVectors],
                             Vec<T> (&q)[kVectors]) {
  SOFTMIX_UNROLL
  for (int j = 0; j < Height; ++j) {
    const Vec<T> c = splat<T>(center[j]);
    Vec<T> column[kVectors];
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      column[v] = load<T>(x + j * group<T> + v * lanes<T>) - c;
      store<T>(y + j * group<T> + v * lanes<T>, column[v]);
    }
    SOFTMIX_UNROLL
    for (int i = j; i < Height; ++i) {
      const Vec<T> entry = splat<T>(factor[j * Height + i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) z[i][v] += entry * column[v];
    }
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) q[v] += z[j][v] * z[j][v];
  }
}

// Adds the |z|² of rows [first, first + Height) of F to q. x is a panel (d, group), y its columns
// before `first`, centred.
template <class T, int Height>
SOFTMIX_INLINE void row_block(const T* x, const T* center, const T* factor, ptrdiff_t first, const T* offset, T* y,
                              Vec<T> (&q)[kVectors]) {
  Vec<T> z[Height][kVectors];
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) SOFTMIX_UNROLL
  for (int v = 0; v < kVectors; ++v) z[i][v] = has_offset<T> ? splat<T>(-offset[first + i]) : Vec<T>{};
  for (ptrdiff_t j = 0; j < first; ++j) {
    Vec<T> column[kVectors];
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) column[v] = load<T>(y + j * group<T> + v * lanes<T>);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> entry = splat<T>(factor[j * Height + i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) z[i][v] += entry * column[v];
    }
  }
  triangle<T, Height>(x + first * group<T>, center + first, factor + first * Height, y + first * group<T>, z, q);
}

template <class T>
SOFTMIX_INLINE void last_block(const T* x, const T* center, const T* factor, ptrdiff_t first, ptrdiff_t height,
                               const T* offset, T* y, Vec<T> (&q)[kVectors]) {
  switch (height) {
    case 1: return row_block<T, 1>(x, center, factor, first, offset, y, q);
    case 2: return row_block<T, 2>(x, center, factor, first, offset, y, q);
    case 3: return row_block<T, 3>(x, center, factor, first, offset, y, q);
#if SOFTMIX_BLOCK_ROWS > 4
    case 4: return row_block<T, 4>(x, center, factor, first, offset, y, q);
    case 5: return row_block<T, 5>(x, center, factor, first, offset, y, q);
    case 6: return row_block<T, 6>(x, center, factor, first, offset, y, q);
    case 7: return row_block<T, 7>(x, center, factor, first, offset, y, q);
#endif
    default: return;
  }
}

template <class T> SOFTMIX_INLINE void center_panel(const T* panel, const T* center, ptrdiff_t d, T* y) {
  for (ptrdiff_t j = 0; j < d; ++j) {
    const Vec<T> c = splat<T>(center[j]);
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v)
      store<T>(y + j * group<T> + v * lanes<T>, load<T>(panel + j * group<T> + v * lanes<T>) - c);
  }
}

// |z|² of one panel under a triangular factor; y is scratch of (d, group).
template <class T>
SOFTMIX_INLINE void mahalanobis(const T* panel, const T* center, const T* offset, const T* factor, ptrdiff_t d, T* y,
                                Vec<T> (&q)[kVectors]) {
  ptrdiff_t row = 0;
  for (; row + kBlock <= d; row += kBlock) {
    row_block<T, kBlock>(panel, center, factor, row, offset, y, q);
    factor += kBlock * (row + kBlock);
  }
  last_block<T>(panel, center, factor, row, d - row, offset, y, q);
}

// The same for few columns, all in registers: nothing is stored on the way.
template <class T, int D>
SOFTMIX_INLINE void mahalanobis_small(const T* panel, const T* center, const T* offset, const T* factor,
                                      Vec<T> (&q)[kVectors]) {
  SOFTMIX_UNROLL
  for (int first = 0; first < D; first += kBlock) {
    constexpr int most = D < kBlock ? D : kBlock;
    const int height = D - first < kBlock ? D - first : kBlock;
    Vec<T> z[most][kVectors];
    SOFTMIX_UNROLL
    for (int i = 0; i < height; ++i) SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) z[i][v] = has_offset<T> ? splat<T>(-offset[first + i]) : Vec<T>{};
    SOFTMIX_UNROLL
    for (int j = 0; j < first + height; ++j) {
      Vec<T> y[kVectors];
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) y[v] = load<T>(panel + j * group<T> + v * lanes<T>) - splat<T>(center[j]);
      SOFTMIX_UNROLL
      for (int i = j < first ? 0 : j - first; i < height; ++i) {
        const Vec<T> entry = splat<T>(factor[j * height + i]);
        SOFTMIX_UNROLL
        for (int v = 0; v < kVectors; ++v) z[i][v] += entry * y[v];
      }
    }
    SOFTMIX_UNROLL
    for (int i = 0; i < height; ++i) SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) q[v] += z[i][v] * z[i][v];
    factor += height * (first + height);
  }
}

// |z|² of one panel under the diagonal factors f of `Share` components, which share its loads:
// z_j = f_j x_j − f_j μ_j in one fused step, x and μ seen from an origin amid the means, so that the
// data's offset costs no digits. `shift` holds −f_j μ_j; components lie `step` apart.
template <class T, int Share>
SOFTMIX_INLINE void scaled_distances(const T* panel, const T* shift, const T* factor, ptrdiff_t step, ptrdiff_t d,
                                     Vec<T> (&q)[Share][kVectors]) {
  for (ptrdiff_t j = 0; j < d; ++j) {
    Vec<T> column[kVectors];
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) column[v] = load<T>(panel + j * group<T> + v * lanes<T>);
    SOFTMIX_UNROLL
    for (int m = 0; m < Share; ++m) {
      const Vec<T> f = splat<T>(factor[m * step + j]), b = splat<T>(shift[m * step + j]);
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const Vec<T> z = column[v] * f + b;
        q[m][v] += z * z;
      }
    }
  }
}

template <class T> SOFTMIX_INLINE Vec<T> log_joint_at(T constant, Vec<T> q) { return constant - T(0.5) * q; }

template <class T>
SOFTMIX_INLINE void store_log_joint(T constant, const Vec<T> (&q)[kVectors], T* log_joint) {
  for (int v = 0; v < kVectors; ++v) store<T>(log_joint + v * lanes<T>, log_joint_at<T>(constant, q[v]));
}

// log p(x, k) of one panel and the components [k, k + Share), under diagonal factors.
template <class T, int Share>
SOFTMIX_INLINE void diagonal_log_joint(const Packed<T>& packed, ptrdiff_t d, const T* y, ptrdiff_t k, T* log_joint,
                                       ptrdiff_t stride) {
  Vec<T> q[Share][kVectors] = {};
  scaled_distances<T, Share>(y, packed.offset(k), packed.factor(k), packed.padded, d, q);
  for (int m = 0; m < Share; ++m) store_log_joint<T>(packed.constants()[k + m], q[m], log_joint + (k + m) * stride);
}

// log_joint (K, stride) of `n_panels` panels, under diagonal factors.
template <class T>
void diagonal_log_joint_of(const Packed<T>& packed, ptrdiff_t d, const T* panels, int n_panels, T* y, T* log_joint,
                           ptrdiff_t stride) {
  constexpr int kTogether = kBlock > 4 ? 4 : 2;
  for (int p = 0; p < n_panels; ++p, panels += d * group<T>, log_joint += group<T>) {
    center_panel<T>(panels, packed.origin(), d, y);
    ptrdiff_t k = 0;
    for (; k + kTogether <= packed.components; k += kTogether)
      diagonal_log_joint<T, kTogether>(packed, d, y, k, log_joint, stride);
    for (; k < packed.components; ++k) diagonal_log_joint<T, 1>(packed, d, y, k, log_joint, stride);
  }
}

// The same under triangular factors: the smaller of panel and factor is what stays in the
// first-level cache. D > 0 says that the columns are so few.
template <class T, int D>
void log_joint_of(const Packed<T>& packed, ptrdiff_t d, const T* panels, int n_panels, T* y, T* log_joint,
                  ptrdiff_t stride) {
  for (ptrdiff_t k = 0; k < packed.components; ++k)
    for (int p = 0; p < n_panels; ++p) {
      const T* const panel = panels + p * d * group<T>;
      Vec<T> q[kVectors] = {};
      if constexpr (D == 0)
        mahalanobis<T>(panel, packed.center(k), packed.offset(k), packed.factor(k), d, y, q);
      else
        mahalanobis_small<T, D>(panel, packed.center(k), packed.offset(k), packed.factor(k), q);
      store_log_joint<T>(packed.constants()[k], q, log_joint + k * stride + p * group<T>);
    }
}

template <class T>
void log_joint_of_tile(Dimensions dims, const Packed<T>& packed, const T* panels, int n_panels, T* y, T* log_joint,
                       ptrdiff_t stride) {
  const ptrdiff_t d = dims.features;
  if (!is_matrix(dims.shape)) return diagonal_log_joint_of<T>(packed, d, panels, n_panels, y, log_joint, stride);
  switch (d) {
    case 1: return log_joint_of<T, 1>(packed, d, panels, n_panels, y, log_joint, stride);
    case 2: return log_joint_of<T, 2>(packed, d, panels, n_panels, y, log_joint, stride);
    case 3: return log_joint_of<T, 3>(packed, d, panels, n_panels, y, log_joint, stride);
    case 4: return log_joint_of<T, 4>(packed, d, panels, n_panels, y, log_joint, stride);
    case 5: return log_joint_of<T, 5>(packed, d, panels, n_panels, y, log_joint, stride);
    case 6: return log_joint_of<T, 6>(packed, d, panels, n_panels, y, log_joint, stride);
    case 7: return log_joint_of<T, 7>(packed, d, panels, n_panels, y, log_joint, stride);
    case 8: return log_joint_of<T, 8>(packed, d, panels, n_panels, y, log_joint, stride);
    default: return log_joint_of<T, 0>(packed, d, panels, n_panels, y, log_joint, stride);
  }
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

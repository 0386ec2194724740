// Where things lie: the tile of rows, the packed parameters, the workspace.
#pragma once

#include "gaussian_kernel.hpp"
#include "vector_math.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// Rows are worked on in tiles, transposed so that a vector holds one column of several rows.
// A tile is kTile / group<T> panels; a panel is (d, group) with the group contiguous.
constexpr int kTile = 96;
template <class T> constexpr int group = kVectors * lanes<T>;

// Up to this many columns (of a matrix, or of squares) a component's dense moments are taken with a
// vector across rows; beyond, and for components with few rows, with a vector across columns.
constexpr ptrdiff_t kDenseMatrix = 20, kDenseSquares = 32;

constexpr ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t to) { return (n + to - 1) / to * to; }

constexpr bool is_matrix(Shape shape) { return shape == Shape::full || shape == Shape::shared; }

constexpr bool is_dense(Dimensions dims) {
  return dims.features <= (is_matrix(dims.shape) ? kDenseMatrix : kDenseSquares);
}

// Row blocks of a packed triangular factor: kBlock rows each, the last one what is left. Block b
// holds, column by column up to its own diagonal, its rows' entries contiguously.
constexpr ptrdiff_t packed_factor_size(ptrdiff_t d) {
  ptrdiff_t size = 0;
  for (ptrdiff_t row = 0; row < d; row += kBlock) {
    const ptrdiff_t height = d - row < kBlock ? d - row : kBlock;
    size += height * (row + height);
  }
  return size;
}

// Packed parameters: constant (K), origin (padded d), center and offset (K, padded d), factors. The
// origin, the middle of the centres, is where rows are seen from under a diagonal factor.
template <class T> struct Packed {
  ptrdiff_t components, padded, factor_size, factor_step;
  const T* data;

  Packed(Dimensions dims, const T* packed)
      : components(dims.components),
        padded(round_up(dims.features, lanes<T>)),
        factor_size(is_matrix(dims.shape) ? packed_factor_size(dims.features) : padded),
        factor_step(dims.shape == Shape::shared ? 0 : factor_size),
        data(packed) {}

  const T* constants() const { return data; }
  const T* origin() const { return data + components; }
  const T* center(ptrdiff_t k) const { return origin() + (1 + k) * padded; }
  const T* offset(ptrdiff_t k) const { return center(components + k); }
  const T* factor(ptrdiff_t k) const { return center(2 * components) + k * factor_step; }
  size_t size() const {
    const ptrdiff_t factors = factor_step ? components : 1;
    return size_t(components + (1 + 2 * components) * padded + factors * factor_size);
  }
};

// Hands out aligned pieces of the caller's workspace; with a null start it only counts.
struct Arena {
  char* start;
  size_t used = 0;

  explicit Arena(void* memory) : start(static_cast<char*>(memory)) {
    const size_t past = reinterpret_cast<uintptr_t>(memory) % 64;
    if (memory && past) start += 64 - past;
  }

  template <class E> E* take(ptrdiff_t count) {
    E* piece = start ? reinterpret_cast<E*>(start + used) : nullptr;
    used += size_t(round_up(count * ptrdiff_t(sizeof(E)), 64));
    return piece;
  }
};

}  // namespace SOFTMIX_ISA
}  // namespace softmix

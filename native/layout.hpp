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

// It must pay for the directions and the lists: there are many rows for each component, and the
// product is most of the work. With more components rows come in groups.
constexpr ptrdiff_t kFewestPruned = 4 * kTile, kMostPruned = 24;

template <class T> constexpr bool may_prune(Dimensions dims) {
  const bool large = !is_dense(dims) && dims.features > group<T>;
  return is_matrix(dims.shape) && large && dims.components > 2 && dims.components <= kMostPruned;
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
// origin, the middle of the centres, is where rows are seen from under a diagonal factor. Last, where densities may be
// cut short, what need_directions finds: its state, for each component g from each centre (d, centers), and what is
// added (centers).
template <class T> struct Packed {
  ptrdiff_t components, padded, factor_size, factor_step;
  ptrdiff_t centers, directions_size;  // centers in whole panels; nothing where densities are not cut short
  const T* data;

  Packed(Dimensions dims, const T* packed)
      : components(dims.components),
        padded(round_up(dims.features, lanes<T>)),
        factor_size(is_matrix(dims.shape) ? packed_factor_size(dims.features) : padded),
        factor_step(dims.shape == Shape::shared ? 0 : factor_size),
        centers(may_prune<T>(dims) ? round_up(dims.components, group<T>) : 0),
        directions_size(centers ? lanes<T> + dims.components * (dims.features + 1) * centers : 0),
        data(packed) {}

  const T* constants() const { return data; }
  const T* origin() const { return data + components; }
  const T* center(ptrdiff_t k) const { return origin() + (1 + k) * padded; }
  const T* offset(ptrdiff_t k) const { return center(components + k); }
  const T* factor(ptrdiff_t k) const { return center(2 * components) + k * factor_step; }
  size_t parameters_size() const {
    const ptrdiff_t factors = factor_step ? components : 1;
    return size_t(components + (1 + 2 * components) * padded + factors * factor_size);
  }
  size_t size() const { return parameters_size() + size_t(directions_size); }

  int32_t* directions_state() const { return reinterpret_cast<int32_t*>(const_cast<T*>(data) + parameters_size()); }
  T* directions(ptrdiff_t k, ptrdiff_t d) const {
    return const_cast<T*>(data) + parameters_size() + lanes<T> + k * (d + 1) * centers;
  }
  T* lengths(ptrdiff_t k, ptrdiff_t d) const { return directions(k, d) + d * centers; }
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

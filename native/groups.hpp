// Rows in groups, each with the components that matter to it: the kernel takes a group's rows and
// the sub-mixture of its components, and the statistics are added at these components' places.
#pragma once

#include "gaussian_kernel.hpp"

namespace softmix {

struct Groups {
  ptrdiff_t count;
  const int64_t* row_starts;        // (count + 1)
  const int64_t* component_starts;  // (count + 1)
  const int64_t* components;        // those of each group after the other
};

struct AllComponents {
  const double *means, *factors, *log_constants;
};

constexpr ptrdiff_t factor_entries(Dimensions dims) {
  const ptrdiff_t d = dims.features;
  return dims.shape == Shape::full ? d * d : dims.shape == Shape::diagonal ? d : dims.shape == Shape::scalar ? 1 : 0;
}

constexpr ptrdiff_t scatter_entries_each(Dimensions dims) {
  const ptrdiff_t d = dims.features;
  return dims.shape == Shape::full ? d * (d + 1) / 2 : factor_entries(dims);
}

constexpr ptrdiff_t shared_scatter(Dimensions dims) {
  return dims.shape == Shape::shared ? dims.features * (dims.features + 1) / 2 : 0;
}

// What the sub-mixture of `most` components needs, all from the caller.
template <class T> struct GroupsWorkspace {
  double *means, *factors, *log_constants, *centers, *statistics;
  T *packed, *scratch;
  size_t doubles;

  GroupsWorkspace(const GaussianKernel<T>& kernel, Dimensions dims, ptrdiff_t most, double* memory) : doubles(0) {
    const ptrdiff_t d = dims.features;
    const auto take = [&](ptrdiff_t count) {
      double* const piece = memory ? memory + doubles : nullptr;
      doubles += size_t(count);
      return piece;
    };
    size_t of_packed = 0, of_scratch = 0;
    for (dims.components = 1; dims.components <= most; ++dims.components) {
      const size_t p = kernel.packed_size(dims), s = kernel.workspace_size(dims);
      of_packed = p > of_packed ? p : of_packed;
      of_scratch = s > of_scratch ? s : of_scratch;
    }
    means = take(most * d);
    factors = take(most * factor_entries(dims));
    log_constants = take(most);
    centers = take(most * d);
    statistics = take(most * (1 + d + scatter_entries_each(dims)) + shared_scatter(dims) + 3);
    packed = reinterpret_cast<T*>(take(ptrdiff_t(of_packed)));
    scratch = reinterpret_cast<T*>(take(ptrdiff_t(of_scratch)));
  }
};

// Row components[i] of `from` becomes row i of `to`; or row i of `from` is added to row components[i] of `to`.
inline void gather(const double* from, const int64_t* components, ptrdiff_t count, ptrdiff_t width, double* to) {
  for (ptrdiff_t i = 0; i < count; ++i)
    for (ptrdiff_t j = 0; j < width; ++j) to[i * width + j] = from[components[i] * width + j];
}

inline void add_at(const double* from, const int64_t* components, ptrdiff_t count, ptrdiff_t width, double* to) {
  for (ptrdiff_t i = 0; i < count; ++i)
    for (ptrdiff_t j = 0; j < width; ++j) to[components[i] * width + j] += from[i * width + j];
}

template <class T>
void accumulate_groups(const GaussianKernel<T>& kernel, Dimensions dims, AllComponents all, Groups groups,
                       const T* rows, const double* row_weights, double* out, ptrdiff_t most, double* memory) {
  const GroupsWorkspace<T> w(kernel, dims, most, memory);
  const ptrdiff_t K = dims.components, d = dims.features, each = scatter_entries_each(dims);
  const ptrdiff_t shared = shared_scatter(dims);
  double* const scatters = out + K * (1 + d);
  for (ptrdiff_t g = 0; g < groups.count; ++g) {
    const int64_t* const chosen = groups.components + groups.component_starts[g];
    const ptrdiff_t L = groups.component_starts[g + 1] - groups.component_starts[g];
    const ptrdiff_t first = groups.row_starts[g], n = groups.row_starts[g + 1] - first;
    const Dimensions sub = {dims.shape, L, d};
    gather(all.means, chosen, L, d, w.means);
    gather(all.factors, chosen, L, factor_entries(dims), w.factors);
    gather(all.log_constants, chosen, L, 1, w.log_constants);
    kernel.pack(sub, w.means, shared ? all.factors : w.factors, w.log_constants, w.packed, w.centers);
    const ptrdiff_t tail = L * (1 + d + each) + shared;
    for (ptrdiff_t i = 0; i < tail + 3; ++i) w.statistics[i] = 0;
    kernel.accumulate(sub, w.packed, n, rows + first * d, row_weights ? row_weights + first : nullptr, w.statistics,
                      w.scratch);
    add_at(w.statistics, chosen, L, 1, out);
    add_at(w.statistics + L, chosen, L, d, out + K);
    add_at(w.statistics + L * (1 + d), chosen, L, each, scatters);
    for (ptrdiff_t i = 0; i < shared; ++i) scatters[i] += w.statistics[L * (1 + d) + i];
    for (ptrdiff_t i = 0; i < 3; ++i) scatters[K * each + shared + i] += w.statistics[tail + i];
  }
}

}  // namespace softmix

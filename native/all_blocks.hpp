// The statistics of all rows of an array: its blocks are shared by a team, and added in the order of a tree.
#pragma once

#include <algorithm>

#include "gaussian_kernel.hpp"
#include "tree_sum.hpp"

namespace softmix {

// Rows in blocks, of which one call of the kernel takes at most `at_once`: Ctrl-C waits for no more.
template <class T> struct AllRows {
  ptrdiff_t n, block, at_once;
  const T* rows;
  const double* row_weights;  // may be null
};

// Writes the `size` statistics of all rows to `out`.
template <class T>
void accumulate_all(Team& team, const GaussianKernel<T>& kernel, Dimensions dims, const T* packed, AllRows<T> all,
                    size_t size, double* out, const std::function<void()>& check) {
  Memory& memory = team.memory();
  TreeSum total(memory);
  const size_t workspace = kernel.workspace_size(dims) * sizeof(T);
  const auto visit = [&](int worker, ptrdiff_t number) {
    T* const scratch = static_cast<T*>(memory.of_worker(worker, workspace));
    std::vector<double> statistics = memory.zeros(size);
    const ptrdiff_t begin = number * all.block, end = std::min(all.n, begin + all.block);
    for (ptrdiff_t first = begin; first < end; first += all.at_once) {
      if (first > begin && worker == 0) check();
      if (team.has_failed()) return;
      kernel.accumulate(dims, packed, std::min(all.at_once, end - first), all.rows + first * dims.features,
                        all.row_weights ? all.row_weights + first : nullptr, statistics.data(), scratch);
    }
    total.add(number, std::move(statistics));
  };
  team.share((all.n + all.block - 1) / all.block, visit, check);
  std::vector<double> sum = total.total();
  std::copy(sum.begin(), sum.end(), out);
  memory.give_back(std::move(sum));
}

}  // namespace softmix

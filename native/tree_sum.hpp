// Addition of vectors in a fixed order, whoever adds and whenever: src/softmix/sweep/tree_sum.py, with the same bits.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "team.hpp"

namespace softmix {

class TreeSum {
 public:
  explicit TreeSum(Memory& memory) : memory_(memory) {}

  // Item `number` joins its neighbour as soon as that is there.
  void add(ptrdiff_t number, std::vector<double>&& item) {
    for (int level = 0;; ++level, number >>= 1) {
      std::vector<double> other;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = waiting_.find({level, number ^ 1});
        if (found == waiting_.end()) {
          waiting_.emplace(std::make_pair(level, number), std::move(item));
          return;
        }
        other = std::move(found->second);
        waiting_.erase(found);
      }
      if (number & 1) std::swap(item, other);
      join(item, std::move(other));
    }
  }

  // What waits for a neighbour joins here: each a complete subtree, the lowest the farthest right.
  std::vector<double> total() {
    std::vector<double> right = std::move(waiting_.begin()->second);
    for (auto next = std::next(waiting_.begin()); next != waiting_.end(); ++next) {
      join(next->second, std::move(right));
      right = std::move(next->second);
    }
    waiting_.clear();
    return right;
  }

 private:
  void join(std::vector<double>& left, std::vector<double>&& right) {
    for (size_t i = 0; i < left.size(); ++i) left[i] += right[i];
    memory_.give_back(std::move(right));
  }

  Memory& memory_;
  std::mutex mutex_;
  std::map<std::pair<int, ptrdiff_t>, std::vector<double>> waiting_;
};

}  // namespace softmix

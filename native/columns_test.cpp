// Rows have each column's values, and nothing beyond them is read or written: built with AddressSanitizer and
// UndefinedBehaviorSanitizer by `make sanitize`.
#include "columns.hpp"

#include <limits>
#include <vector>

#include "expect_close.hpp"

namespace {

using softmix::expect_close;

template <class T> void check_rows(ptrdiff_t n, ptrdiff_t d) {
  std::vector<std::vector<T>> columns;
  std::vector<const T*> starts;
  for (ptrdiff_t j = 0; j < d; ++j) {
    columns.emplace_back(size_t(n));
    for (ptrdiff_t i = 0; i < n; ++i) columns.back()[size_t(i)] = T(i * d + j);
  }
  for (const auto& column : columns) starts.push_back(column.data());
  std::vector<T> rows(size_t(n * d));
  softmix::interleave(starts.data(), n, d, rows.data());
  for (size_t i = 0; i < rows.size(); ++i) expect_close("a value", double(rows[i]), double(T(i)), 0.0);
}

template <class T> void check_finite(ptrdiff_t n) {
  using Limits = std::numeric_limits<T>;
  for (ptrdiff_t at = 0; at < n; ++at) {
    std::vector<T> values(size_t(n), -Limits::max());
    for (const T value : {Limits::max(), Limits::denorm_min(), T(-0.0)}) {
      values[size_t(at)] = value;
      expect_close("finite", softmix::all_finite(values.data(), n), 1.0, 0.0);
    }
    for (const T value : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
      values[size_t(at)] = value;
      expect_close("not finite", softmix::all_finite(values.data(), n), 0.0, 0.0);
    }
  }
}

}  // namespace

int main() {
  for (const ptrdiff_t n : {0, 1, 7, 100}) {
    for (const ptrdiff_t d : {1, 2, 3, 8, 9, 19}) {
      check_rows<float>(n, d);
      check_rows<double>(n, d);
    }
    check_finite<float>(n);
    check_finite<double>(n);
  }
  std::printf("columns: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

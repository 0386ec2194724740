// What the tests of this folder share: one comparison, and the count of those that failed.
#pragma once

#include <cmath>
#include <cstdio>

namespace softmix {

inline int failures = 0;

inline void expect_close(const char* what, double actual, double expected, double tolerance) {
  if (actual == expected || std::fabs(actual - expected) <= tolerance) return;
  if (++failures <= 20) std::printf("%s is %.17g, not %.17g\n", what, actual, expected);
}

}  // namespace softmix

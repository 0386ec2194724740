// Rows that lack some of their columns: what `fill_holes` and `add_residuals` of an instruction set take.
#pragma once

#include <cstddef>
#include <cstdint>

namespace softmix {

// n rows of d columns, each without m of them: missing (n, m), ascending in each row.
struct Holes {
  ptrdiff_t n, d, m;
  const int64_t* missing;
};

// The deviations (sides, n, d) of rows from as many means, 0 where a value is missing, and these times the precision
// matrix P (d, d) that they all have.
struct Deviations {
  ptrdiff_t sides;
  const double *precision, *products;
  double* deviations;
};

// Numbers in the lower triangle of a residual covariance.
constexpr ptrdiff_t triangle_size(ptrdiff_t m) { return m * (m + 1) / 2; }

// Numbers that the residual covariances of n rows take, a few rows' together, on any instruction set.
constexpr size_t residuals_size(ptrdiff_t n, ptrdiff_t m) { return size_t((n + 7) / 8 * 8 * triangle_size(m)); }

// Numbers of scratch memory for rows that lack m columns.
constexpr size_t holes_scratch_size(ptrdiff_t m) { return size_t(8 * (2 * m * m + 2 * m + 1)); }

}  // namespace softmix

// The interface of the Gaussian kernel: plain pointers in, caller-owned buffers out.
//
// A kernel starts no thread, allocates nothing and throws nothing. There is one table of
// functions for each instruction set and row type; dispatch.cpp says which the machine can run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "holes.hpp"
#include "merges.hpp"

namespace softmix {

// In what shape precision factors come and scatters go.
enum class Shape : int { full = 0, shared = 1, diagonal = 2, scalar = 3 };

struct Dimensions {
  Shape shape;
  ptrdiff_t components, features;
};

// What `evaluate` writes for each row; a null pointer is not asked for.
template <class T> struct Outputs {
  T* log_norm;      // (n,)
  T* resp;          // (n, K)
  int64_t* labels;  // (n,)
  T* log_joint;     // (n, K)
};

template <class T> struct GaussianKernel {
  // Elements of the packed parameters, and of the workspace of one call.
  size_t (*packed_size)(Dimensions);
  size_t (*workspace_size)(Dimensions);
  // Parameters as the kernel reads them. `centers` (K, d) receives the means rounded to T.
  // factors: (K, d, d) or (d, d) lower triangular, (K, d), or (K,); log_constants: (K,).
  void (*pack)(Dimensions, const double* means, const double* factors, const double* log_constants, T* packed,
               double* centers);
  // Adds the statistics of n rows to `out`: count (K), sum (K d), scatter, log-likelihood,
  // total weight, rows. row_weights may be null.
  void (*accumulate)(Dimensions, const T* packed, ptrdiff_t n, const T* rows, const double* row_weights, double* out,
                     T* workspace);
  void (*evaluate)(Dimensions, const T* packed, ptrdiff_t n, const T* rows, Outputs<T> outputs, T* workspace);
  // For rows that are swept again and again: elements of the panels that n of them make, 0 where panels serve nothing;
  // the panels; and `accumulate` with them.
  size_t (*panels_size)(Dimensions, ptrdiff_t n);
  void (*write_panels)(Dimensions, ptrdiff_t n, const T* rows, T* panels);
  void (*accumulate_panels)(Dimensions, const T* packed, ptrdiff_t n, const T* rows, const T* panels,
                            const double* row_weights, double* out, T* workspace);
};

struct InstructionSet {
  const char* name;
  GaussianKernel<double> gaussian_double;
  GaussianKernel<float> gaussian_float;
  // See merge_losses.hpp.
  void (*merge_losses)(const Memberships& memberships, const Merged& merged, double* losses, double* scratch);
  // See inverse_cholesky.hpp.
  void (*inverse_cholesky)(ptrdiff_t count, ptrdiff_t d, const double* matrices, double* factors, double* squared_norms,
                           double* scratch);
  // See triangles.hpp; these take one matrix.
  double (*factor_of_scatter)(ptrdiff_t d, const double* scatter, double divisor, const double* scale, double* factor,
                              double* scratch);
  void (*unit_rows)(ptrdiff_t d, const double* factor, const double* right, double* logs, double* beside,
                    double* scratch);
  void (*moved_rows)(ptrdiff_t d, const double* factor, const double* inverse, const double* logs, const double* beside,
                     double* moved, double* scratch);
  double (*product_norm)(ptrdiff_t d, const double* factor, const double* right, double* scratch);
  // See fill_holes.hpp.
  void (*fill_holes)(const Holes& holes, const Deviations& of, double* half_log_dets, double* residuals,
                     double* scratch);
  void (*add_residuals)(const Holes& holes, const double* residuals, const double* weights, double* out);
};

// The sets that this machine can run, the fastest first; `count` receives how many.
const InstructionSet* const* instruction_sets(int* count);

}  // namespace softmix

// Steps of EM on rows in cache.
#pragma once

#include <functional>

#include "gaussian_kernel.hpp"
#include "team.hpp"
#include "tied_m_step.hpp"

namespace softmix {

// The mixture that a step reads and replaces: weights (K), means (K, d), factors by shape.
struct Mixture {
  double* weights;
  double* means;
  double* factors;
  Axes axes;  // of EVE and VVE
};

// Where a climb ends before its last step: every four steps it is asked whether the gain to come is `tol` a row, or
// whether steps no longer than the last would not lead to `wanted`.
struct Ending {
  double tol, wanted;
  double total;     // weight of all rows; 0 where no step may be left out
  double rounding;  // gains below this share of the log-likelihood are rounding
  bool as_swept;    // the M-step of the last step is taken back: the mixture is that of the last log-likelihood
  double before;    // what the projection before may say is to come, at most
};

// How to take steps; those before `first` are taken.
struct Schedule {
  ptrdiff_t first, steps;
  const double* betas;        // (steps) memberships are ∝ (π N)^β
  const double* pseudo_rows;  // (steps) rows added to each component about its mean, round and as wide as it is
  double lowest;              // no variance in any direction may be lower
  Tie tie;                    // what ties the covariances beside their shape
  Ending ending;
};

// Numbers that `em_steps` needs to work in, beside the workspace of the kernel.
size_t em_scratch_size(Dimensions dims);

// Takes the steps of `schedule`, and writes for each the log-likelihood before it (of the tempered mixture). Stops
// where the climb ends, and before a step whose covariances only an eigendecomposition can hold above `lowest`, that
// leaves a component empty, or, in single precision, that makes a component too thin for it, and returns how many are
// taken: the caller takes that one, and comes back. `panels` are the kernel's of the rows, or null; `packed` has room
// for packed parameters and `scratch` for em_scratch_size numbers.
template <class T>
ptrdiff_t em_steps(const GaussianKernel<T>& kernel, Dimensions dims, ptrdiff_t n, const T* rows, const T* panels,
                   const double* row_weights, const Schedule& schedule, const Mixture& mixture, double* log_likelihoods,
                   T* packed, T* workspace, double* scratch);

// Several mixtures of one shape and number of columns, one after the other in each array, each with as many components
// as it likes.
struct Mixtures {
  Mixture first;
  ptrdiff_t count;
  const int64_t* sizes;  // (count) components
  const int64_t* most;   // (count) steps at most
  int64_t* taken;        // (count) steps, before and after
};

// `em_steps` of each of the mixtures, which the team shares. Log-likelihoods are (count, steps); `largest` has the most
// components of any.
template <class T>
void em_steps_each(Team& team, const GaussianKernel<T>& kernel, Dimensions largest, ptrdiff_t n, const T* rows,
                   const T* panels, const double* row_weights, const Schedule& schedule, const Mixtures& mixtures,
                   double* log_likelihoods, const std::function<void()>& check);

}  // namespace softmix

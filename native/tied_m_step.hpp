// M-steps for covariances that more ties than their shape: scatters give precision factors.
#pragma once

#include <cstdint>

#include "gaussian_kernel.hpp"

namespace softmix {

// mclust's names. `none` is any of the four structures that only their shape ties.
enum class Tie { none, eii, eei, vei, evi, vee, eve, vve, eev, vev, evv };

// What the M-step is given: the statistics of all rows.
struct Scatters {
  Dimensions dims;
  const double* counts;    // (K)
  const double* shifts;    // (K, d) from the centres of the scatters to the means
  const double* scatters;  // about the centres, by shape
  double total;            // the sum of the counts
  double lowest;           // no variance in any direction may be lower
};

// The axes (d, d), in columns, that EVE and VVE share and turn, and the pairs of them, (planes, 2), in order.
struct Axes {
  double* columns;
  ptrdiff_t planes;
  const int64_t* pairs;
};

// Numbers that `tied_factors` needs to work in.
size_t tied_scratch_size(Dimensions dims);

// Readies them for `tied_factors` of one mixture, step after step: each finds in them what it may begin at.
void begin_tied(Dimensions dims, double* scratch);

// Writes the likeliest precision factors over those of the step before, in `factors`; where the M-step iterates it
// begins at them, and at `axes`, which it turns. False, and the factors are as
// they were, where a variance would be below `lowest`.
bool tied_factors(Tie tie, const Scatters& given, const Axes& axes, double* factors, double* scratch);

}  // namespace softmix

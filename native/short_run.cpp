// The search for a start takes thousands of steps on a few hundred rows, where a step in Python costs several times
// its arithmetic. This is fit/short_runs.py's loop, and m_step/'s closed forms for the four free structures;
// tied_m_step.cpp has the others.
#include "short_run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inverse_cholesky.hpp"

namespace softmix {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
// A component with a smaller share of all rows is empty.
constexpr double kEmpty = 1e-100;
// A climb looks at its gains after so many steps.
constexpr ptrdiff_t kAtOnce = 4;
// Rows in single precision say nothing of a variance below this: their rounding is a thousandth of that width.
template <class T> constexpr double kResolved = sizeof(T) == sizeof(float) ? 1e-8 : 0.0;
// As in fit/stopping.py: the least ratio of a gain to the one before.
constexpr double kFast = 0.9;

bool is_matrix(Shape shape) { return shape == Shape::full || shape == Shape::shared; }

ptrdiff_t triangle(ptrdiff_t d) { return d * (d + 1) / 2; }

ptrdiff_t scatter_size(Dimensions dims) {
  switch (dims.shape) {
    case Shape::full: return dims.components * triangle(dims.features);
    case Shape::shared: return triangle(dims.features);
    case Shape::diagonal: return dims.components * dims.features;
    default: return dims.components;
  }
}

ptrdiff_t factor_size(Dimensions dims) {
  const ptrdiff_t d = dims.features;
  switch (dims.shape) {
    case Shape::full: return dims.components * d * d;
    case Shape::shared: return d * d;
    case Shape::diagonal: return dims.components * d;
    default: return dims.components;
  }
}

// The flat vector of statistics, room for one step's factors and constants, and the mixture before that step.
struct Scratch {
  double *statistics, *constants, *centers, *factors, *matrix, *square, *squared_norms, *tied;
  double *weights, *means, *factors_before;
  size_t used;

  Scratch(Dimensions dims, double* start) : used(0) {
    const ptrdiff_t K = dims.components, d = dims.features;
    statistics = take(start, K * (1 + d) + scatter_size(dims) + 3);
    constants = take(start, K);
    centers = take(start, K * d);
    factors = take(start, factor_size(dims));
    matrix = take(start, K * d * (is_matrix(dims.shape) ? d : 1));
    square = take(start, d * d);
    squared_norms = take(start, K);
    tied = take(start, ptrdiff_t(tied_scratch_size(dims)));
    weights = take(start, K);
    means = take(start, K * d);
    factors_before = take(start, factor_size(dims));
  }

  double* take(double* start, ptrdiff_t size) {
    double* piece = start + used;
    used += size_t(size);
    return piece;
  }
};

double log_det(Dimensions dims, const double* factors, ptrdiff_t k) {
  const ptrdiff_t d = dims.features;
  if (dims.shape == Shape::scalar) return double(d) * std::log(factors[k]);
  if (dims.shape == Shape::shared) k = 0;
  const double* first = factors + k * d * (is_matrix(dims.shape) ? d : 1);
  const ptrdiff_t step = is_matrix(dims.shape) ? d + 1 : 1;
  double sum = 0.0;
  for (ptrdiff_t j = 0; j < d; ++j) sum += std::log(first[j * step]);
  return sum;
}

// The constants and factors of the mixture whose memberships are ∝ (π N)^β. Its likelihood is the mixture's own
// where β is 1.
const double* temper(Dimensions dims, const Mixture& mixture, double beta, Scratch& scratch) {
  for (ptrdiff_t k = 0; k < dims.components; ++k)
    scratch.constants[k] = beta * (std::log(mixture.weights[k]) + log_det(dims, mixture.factors, k) -
                                   0.5 * double(dims.features) * kLog2Pi);
  if (beta == 1.0) return mixture.factors;
  const double root = std::sqrt(beta);
  for (ptrdiff_t i = 0; i < factor_size(dims); ++i) scratch.factors[i] = root * mixture.factors[i];
  return scratch.factors;
}

// Adds the pseudo-rows to component k: `diagonal(j)` is where its scatter in column j is.
template <class Diagonal>
void hold_up(double pseudo_rows, ptrdiff_t d, double* count, const double* sum, double* scatter, Diagonal diagonal) {
  const double rows = std::max(*count, pseudo_rows);
  double size = 0.0;
  for (ptrdiff_t j = 0; j < d; ++j) size += scatter[diagonal(j)] - sum[j] * sum[j] / rows;
  const double each = std::max(size, 0.0) * pseudo_rows / (double(d) * rows);
  for (ptrdiff_t j = 0; j < d; ++j) scatter[diagonal(j)] += each;
  *count += pseudo_rows;
}

void hold_up(Dimensions dims, double pseudo_rows, double* statistics) {
  const ptrdiff_t K = dims.components, d = dims.features;
  double *sums = statistics + K, *scatters = sums + K * d;
  for (ptrdiff_t k = 0; k < K; ++k) {
    if (dims.shape == Shape::full)
      hold_up(pseudo_rows, d, statistics + k, sums + k * d, scatters + k * triangle(d),
              [](ptrdiff_t j) { return j * (j + 3) / 2; });
    else
      hold_up(pseudo_rows, d, statistics + k, sums + k * d, scatters + k * d, [](ptrdiff_t j) { return j; });
  }
}

// Fills the upper triangle of `covariance` with packed scatter / count − shift shiftᵀ · share.
void add_covariance(ptrdiff_t d, const double* scatter, double per_row, const double* shift, double share,
                    double* covariance) {
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j <= i; ++j, ++scatter)
      covariance[j * d + i] += *scatter * per_row - share * shift[i] * shift[j];
}

bool factor_matrices(Dimensions dims, const Scratch& scratch, double total, double lowest, double* factors) {
  const ptrdiff_t K = dims.components, d = dims.features;
  const bool shared = dims.shape == Shape::shared;
  const ptrdiff_t count = shared ? 1 : K;
  const double *counts = scratch.statistics, *shifts = counts + K, *scatters = shifts + K * d;
  std::fill(scratch.matrix, scratch.matrix + count * d * d, 0.0);
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double per_row = shared ? (k == 0 ? 1.0 / total : 0.0) : 1.0 / counts[k];
    const double share = shared ? counts[k] / total : 1.0;
    add_covariance(d, scatters + (shared ? 0 : k * triangle(d)), per_row, shifts + k * d, share,
                   scratch.matrix + (shared ? 0 : k * d * d));
  }
  inverse_cholesky(count, d, scratch.matrix, factors, scratch.squared_norms, scratch.square);
  return std::all_of(scratch.squared_norms, scratch.squared_norms + count,
                     [lowest](double norm) { return norm * lowest <= 1.0; });
}

// False, and the factors are nothing, where a variance is below `resolved`.
bool factor_variances(Dimensions dims, const Scratch& scratch, double lowest, double resolved, double* factors) {
  const ptrdiff_t K = dims.components, d = dims.features;
  const bool scalar = dims.shape == Shape::scalar;
  const double *counts = scratch.statistics, *shifts = counts + K, *scatters = shifts + K * d;
  for (ptrdiff_t k = 0; k < K; ++k) {
    double squared_shift = 0.0;
    for (ptrdiff_t j = 0; j < d; ++j) {
      const double square = shifts[k * d + j] * shifts[k * d + j];
      squared_shift += square;
      if (!scalar) factors[k * d + j] = std::max(scatters[k * d + j] / counts[k] - square, lowest);
    }
    if (scalar) factors[k] = std::max((scatters[k] / counts[k] - squared_shift) / double(d), lowest);
  }
  for (ptrdiff_t i = 0; i < factor_size(dims); ++i) {
    if (!(factors[i] >= resolved)) return false;
    factors[i] = 1.0 / std::sqrt(factors[i]);
  }
  return true;
}

// The M-step: sums become shifts in place. False where the caller must do it.
bool maximise(Dimensions dims, const Schedule& schedule, double resolved, Scratch& scratch, const Mixture& mixture) {
  const double lowest = std::max(schedule.lowest, resolved);
  const ptrdiff_t K = dims.components, d = dims.features;
  const double* counts = scratch.statistics;
  double* shifts = scratch.statistics + K;
  double total = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k) total += counts[k];
  for (ptrdiff_t k = 0; k < K; ++k) {
    if (!(counts[k] > kEmpty * total)) return false;
    for (ptrdiff_t j = 0; j < d; ++j) shifts[k * d + j] /= counts[k];
  }
  if (schedule.tie != Tie::none) {
    const Scatters given = {dims, counts, shifts, shifts + K * d, total, lowest};
    if (!tied_factors(schedule.tie, given, mixture.axes, mixture.factors, scratch.tied)) return false;
  } else {
    if (!(is_matrix(dims.shape) ? factor_matrices(dims, scratch, total, lowest, scratch.factors)
                                : factor_variances(dims, scratch, schedule.lowest, resolved, scratch.factors)))
      return false;
    std::copy(scratch.factors, scratch.factors + factor_size(dims), mixture.factors);
  }
  for (ptrdiff_t k = 0; k < K; ++k) mixture.weights[k] = counts[k] / total;
  for (ptrdiff_t i = 0; i < K * d; ++i) mixture.means[i] = scratch.centers[i] + shifts[i];
  return true;
}

void keep(Dimensions dims, const Mixture& mixture, const Scratch& scratch) {
  const ptrdiff_t K = dims.components;
  std::copy(mixture.weights, mixture.weights + K, scratch.weights);
  std::copy(mixture.means, mixture.means + K * dims.features, scratch.means);
  std::copy(mixture.factors, mixture.factors + factor_size(dims), scratch.factors_before);
}

void take_back(Dimensions dims, const Scratch& scratch, const Mixture& mixture) {
  const ptrdiff_t K = dims.components;
  std::copy(scratch.weights, scratch.weights + K, mixture.weights);
  std::copy(scratch.means, scratch.means + K * dims.features, mixture.means);
  std::copy(scratch.factors_before, scratch.factors_before + factor_size(dims), mixture.factors);
}

double projected_gain(double first, double second, double third, double rounding) {
  const double earlier = second - first, later = third - second;
  if (later <= rounding * std::max(1.0, std::fabs(third))) return 0.0;
  const double ratio = later < earlier ? std::max(later / earlier, kFast) : 1.0;
  return ratio < 1.0 ? later * ratio / (1.0 - ratio) : std::numeric_limits<double>::infinity();
}

// Whether a climb that reached these log-likelihoods in so many steps ends there.
bool has_ended(const Schedule& schedule, const double* log_likelihoods, ptrdiff_t taken) {
  const Ending& ending = schedule.ending;
  if (ending.total == 0.0 || taken == 0 || taken % kAtOnce != 0) return false;
  const double* last = log_likelihoods + taken - 1;
  const double height = *last / ending.total;
  const auto to_come = [&ending](const double* at) {
    return projected_gain(at[-2] / ending.total, at[-1] / ending.total, *at / ending.total, ending.rounding);
  };
  if (to_come(last) <= ending.tol && to_come(last - 1) <= ending.before) return true;
  const double step = std::fabs(height - last[-1] / ending.total);
  return height + double(schedule.steps - taken) * step < ending.wanted;
}

}  // namespace

size_t em_scratch_size(Dimensions dims) {
  double none;
  return Scratch(dims, &none).used;
}

namespace {

// All that `em_steps` needs to work in, of one worker of a team.
template <class T> struct StepsMemory {
  T *workspace, *packed;
  double* scratch;

  StepsMemory(const GaussianKernel<T>& kernel, Dimensions dims, Memory& memory, int worker) {
    const auto doubles = [](size_t count) { return count * sizeof(T) / sizeof(double) + 1; };
    const size_t of_workspace = doubles(kernel.workspace_size(dims)), of_packed = doubles(kernel.packed_size(dims));
    const size_t bytes = (of_workspace + of_packed + em_scratch_size(dims)) * sizeof(double);
    double* start = static_cast<double*>(memory.of_worker(worker, bytes));
    workspace = reinterpret_cast<T*>(start);
    packed = reinterpret_cast<T*>(start + of_workspace);
    scratch = start + of_workspace + of_packed;
  }
};

}  // namespace

template <class T>
ptrdiff_t em_steps(const GaussianKernel<T>& kernel, Dimensions dims, ptrdiff_t n, const T* rows, const T* panels,
                   const double* row_weights, const Schedule& schedule, const Mixture& mixture, double* log_likelihoods,
                   T* packed, T* workspace, double* scratch_memory) {
  Scratch scratch(dims, scratch_memory);
  const ptrdiff_t size = dims.components * (1 + dims.features) + scatter_size(dims) + 3;
  if (schedule.tie != Tie::none) begin_tied(dims, scratch.tied);
  const bool can_hold_up = dims.shape == Shape::full || dims.shape == Shape::diagonal;
  const bool as_swept = schedule.ending.as_swept;
  ptrdiff_t step = schedule.first;
  for (; step < schedule.steps && !has_ended(schedule, log_likelihoods, step); ++step) {
    const double* factors = temper(dims, mixture, schedule.betas[step], scratch);
    kernel.pack(dims, mixture.means, factors, scratch.constants, packed, scratch.centers);
    std::fill(scratch.statistics, scratch.statistics + size, 0.0);
    kernel.accumulate_panels(dims, packed, n, rows, panels, row_weights, scratch.statistics, workspace);
    log_likelihoods[step] = scratch.statistics[size - 3];
    if (schedule.pseudo_rows[step] > 0.0 && can_hold_up) hold_up(dims, schedule.pseudo_rows[step], scratch.statistics);
    if (as_swept) keep(dims, mixture, scratch);
    if (!maximise(dims, schedule, kResolved<T>, scratch, mixture)) return step;
  }
  if (as_swept && step > schedule.first) take_back(dims, scratch, mixture);
  return step;
}

template ptrdiff_t em_steps(const GaussianKernel<double>&, Dimensions, ptrdiff_t, const double*, const double*,
                            const double*, const Schedule&, const Mixture&, double*, double*, double*, double*);
template ptrdiff_t em_steps(const GaussianKernel<float>&, Dimensions, ptrdiff_t, const float*, const float*,
                            const double*, const Schedule&, const Mixture&, double*, float*, float*, double*);

template <class T>
void em_steps_each(Team& team, const GaussianKernel<T>& kernel, Dimensions largest, ptrdiff_t n, const T* rows,
                   const T* panels, const double* row_weights, const Schedule& schedule, const Mixtures& mixtures,
                   double* log_likelihoods, const std::function<void()>& check) {
  const ptrdiff_t d = largest.features;
  std::vector<Mixture> each;
  Mixture next = mixtures.first;
  for (ptrdiff_t m = 0; m < mixtures.count; ++m) {
    const Dimensions dims = {largest.shape, mixtures.sizes[m], d};
    each.push_back(next);
    next.weights += dims.components;
    next.means += dims.components * d;
    next.factors += factor_size(dims);
    next.axes.columns += d * d;
  }
  const auto climb = [&](int worker, ptrdiff_t m) {
    const Dimensions dims = {largest.shape, mixtures.sizes[m], d};
    const StepsMemory<T> memory(kernel, dims, team.memory(), worker);
    Schedule own = schedule;
    own.first = mixtures.taken[m];
    own.steps = mixtures.most[m];
    mixtures.taken[m] =
        em_steps<T>(kernel, dims, n, rows, panels, row_weights, own, each[size_t(m)],
                    log_likelihoods + m * schedule.steps, memory.packed, memory.workspace, memory.scratch);
  };
  team.share(mixtures.count, climb, check);
}

template void em_steps_each(Team&, const GaussianKernel<double>&, Dimensions, ptrdiff_t, const double*, const double*,
                            const double*, const Schedule&, const Mixtures&, double*, const std::function<void()>&);
template void em_steps_each(Team&, const GaussianKernel<float>&, Dimensions, ptrdiff_t, const float*, const float*,
                            const double*, const Schedule&, const Mixtures&, double*, const std::function<void()>&);

}  // namespace softmix

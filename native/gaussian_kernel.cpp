// The Gaussian kernel for the instruction set of this translation unit: a fused E and M pass over
// a block, and the same densities for scoring and memberships.
#include "gaussian_kernel.hpp"

#include "density.hpp"
#include "elimination.hpp"
#include "fill_holes.hpp"
#include "merge_losses.hpp"
#include "pruned_density.hpp"
#include "responsibilities.hpp"
#include "row_moments.hpp"
#include "transpose.hpp"
#include "triangles.hpp"

namespace softmix {
namespace SOFTMIX_ISA {
namespace {

// A stretch of rows is worked on as a whole: its columns and responsibilities stay in the second
// cache level, at few columns in the first. Dense moments take as much of it at a time as fits
// the first level, centred.
constexpr ptrdiff_t kStretchBytes = 512 << 10, kSmallStretchBytes = 32 << 10, kDenseBytes = 14 << 10;
constexpr ptrdiff_t kSmallColumns = 8, kMaxStretch = 16 * kTile;

// Per-lane float32 sums go to float64 after this many rows: 96 terms a lane.
constexpr ptrdiff_t kFloatRows = 16 * kTile;

constexpr ptrdiff_t whole_tiles(ptrdiff_t rows) {
  return rows < kTile ? kTile : rows > kMaxStretch ? kMaxStretch : rows / kTile * kTile;
}

template <class T> ptrdiff_t stretch_rows(Dimensions dims) {
  const ptrdiff_t bytes = dims.features <= kSmallColumns ? kSmallStretchBytes : kStretchBytes;
  const bool reread = is_dense(dims) || !is_matrix(dims.shape);
  const ptrdiff_t columns = dims.components + (reread ? dims.features : 0);
  return whole_tiles(bytes / (columns * ptrdiff_t(sizeof(T))));
}

template <class T> ptrdiff_t dense_rows(ptrdiff_t d) { return whole_tiles(kDenseBytes / (d * ptrdiff_t(sizeof(T)))); }

// Whether the products of rows of little weight are worth taking in float32.
template <class T> constexpr bool may_be_light(Dimensions dims) {
  return sizeof(T) == 8 && is_matrix(dims.shape) && !is_dense(dims);
}

template <class T> struct Workspace {
  ptrdiff_t stretch, lane_step;
  T *panels, *centred, *log_joint, *inverse, *log_norm, *packed, *edge, *lane_sums, *chosen, *root;
  int32_t *positions, *has_lane_sums;  // the latter of each component
  ChosenLists<T> light = {};
  Pruning<T> pruning;
  size_t bytes;
  bool are_written = false;  // whether the panels are the rows' already

  Workspace(Dimensions dims, void* memory) : stretch(stretch_rows<T>(dims)) {
    Arena arena(memory);
    const ptrdiff_t d = dims.features;
    lane_step = is_dense(dims) ? dense_entries(dims.shape, d) * lanes<T> : 0;
    panels = arena.take<T>((lane_step ? stretch : kTile) * d);
    centred = arena.take<T>(lane_step ? dense_scratch(d, dense_rows<T>(d)) : group<T> * d);
    log_joint = arena.take<T>(dims.components * stretch);
    inverse = arena.take<T>(stretch);
    log_norm = arena.take<T>(stretch);
    packed = arena.take<T>(row_scratch<T>(d));
    edge = arena.take<T>(edge_scratch<T>(d));
    lane_sums = arena.take<T>(dims.components * lane_step);
    chosen = arena.take<T>(kShare * stretch + lanes<T>);
    root = arena.take<T>(stretch + lanes<T>);
    positions = arena.take<int32_t>(stretch + lanes<float>);
    has_lane_sums = arena.take<int32_t>(lane_step ? dims.components : 0);
    if (may_be_light<T>(dims)) light = {arena.take<int32_t>(stretch), arena.take<T>(stretch), arena.take<T>(stretch)};
    if (may_prune<T>(dims)) pruning = Pruning<T>(dims, stretch, arena);
    bytes = arena.used + 64;
  }
};

// log p(x, k) of n rows, those of `first` and before excepted.
template <class T>
void density_stretch(Dimensions dims, const Packed<T>& packed, const T* rows, ptrdiff_t n, const Workspace<T>& w,
                     ptrdiff_t first = 0) {
  for (ptrdiff_t t = first; t < n; t += kTile) {
    T* const panels = w.panels + (w.lane_step ? t * dims.features : 0);
    if (!w.are_written) transpose<T>(rows + t * dims.features, n - t, dims.features, panels);
    log_joint_of_tile<T>(dims, packed, panels, kTile / group<T>, w.centred, w.log_joint + t, w.stretch);
  }
}

// The same where memberships below the cut may be anything below it. The first panel tells whether
// products are worth cutting short.
template <class T>
void density_above_cut(Dimensions dims, const Packed<T>& packed, const T* rows, ptrdiff_t n, ptrdiff_t whole,
                       const Workspace<T>& w) {
  if (!may_prune<T>(dims) || n < kFewestPruned) return density_stretch<T>(dims, packed, rows, n, w);
  transpose<T>(rows, n, dims.features, w.panels);
  log_joint_of_tile<T>(dims, packed, w.panels, 1, w.centred, w.log_joint, w.stretch);
  if (are_far<T>(packed, w.log_joint, w.stretch))
    return pruned_log_joint<T>(dims, packed, rows, n, whole, w.pruning, w.panels, w.centred, w.log_joint, w.stretch);
  log_joint_of_tile<T>(dims, packed, w.panels + group<T> * dims.features, kTile / group<T> - 1, w.centred,
                       w.log_joint + group<T>, w.stretch);
  density_stretch<T>(dims, packed, rows, n, w, kTile);
}

// Σ w log p over the rows of a stretch, in eight interleaved sums.
template <class T> double weighted_sum(const T* log_norm, const double* weights, ptrdiff_t n) {
  double part[8] = {};
  ptrdiff_t whole = 0;
  for (; !weights && whole + 8 <= n; whole += 8) {
    SOFTMIX_UNROLL
    for (int i = 0; i < 8; ++i) part[i] += double(log_norm[whole + i]);
  }
  for (ptrdiff_t t = whole; t < n; ++t) {
    const double weight = weights ? weights[t] : 1.0;
    part[t % 8] += weight > 0 ? weight * double(log_norm[t]) : 0.0;
  }
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

template <class T> void apply_weights(T* inverse, const double* weights, ptrdiff_t n, ptrdiff_t whole) {
  if (weights)
    for (ptrdiff_t t = 0; t < n; ++t) inverse[t] *= T(weights[t]);
  for (ptrdiff_t t = n; t < whole; ++t) inverse[t] = T(0);
}

constexpr ptrdiff_t scatter_entries(Shape shape, ptrdiff_t d) {
  return is_matrix(shape) ? d * (d + 1) / 2 : shape == Shape::diagonal ? d : 1;
}

constexpr ptrdiff_t scatter_size(Dimensions dims) {
  return (dims.shape == Shape::shared ? 1 : dims.components) * scatter_entries(dims.shape, dims.features);
}

// Where the statistics of component k go in the flat vector.
Target target_of(Dimensions dims, double* out, ptrdiff_t k) {
  const ptrdiff_t K = dims.components, d = dims.features;
  const ptrdiff_t step = dims.shape == Shape::shared ? 0 : scatter_entries(dims.shape, d);
  return {out + k, out + K + k * d, out + K + K * d + k * step};
}

// The rows that are worked on as a whole: `here` of them, in whole tiles, of which at least
// `readable` may be read a vector at a time.
template <class T> struct Stretch {
  const T* rows;
  ptrdiff_t here, whole, readable;
};

// The moments of several components over all rows.
template <class T>
void shared_moments(Dimensions dims, const Packed<T>& packed, ptrdiff_t k, const Stretch<T>& s, const Workspace<T>& w,
                    double* out) {
  T* resp[kShare];
  for (int m = 0; m < kShare; ++m) resp[m] = w.chosen + m * w.stretch;
  Member<T> members[kShare];
  for (int m = 0; m < kShare; ++m) {
    scale_resp<T>(w.log_joint + (k + m) * w.stretch, w.inverse, s.whole, resp[m]);
    members[m] = {resp[m], packed.center(k + m), target_of(dims, out, k + m)};
  }
  add_shared_moments<T>(dims, s.rows, s.here, s.readable, members, w.edge);
}

// The moments of one component over the rows that it has a part in.
template <class T>
void chosen_moments(Dimensions dims, const Packed<T>& packed, ptrdiff_t k, const Stretch<T>& s, const Workspace<T>& w,
                    double* out) {
  const ptrdiff_t d = dims.features;
  const Target target = target_of(dims, out, k);
  const int active = choose_rows<T>(w.log_joint + k * w.stretch, w.inverse, s.whole, w.positions, w.chosen, w.root);
  const T limit = may_be_light<T>(dims) ? light_limit<T>(w.chosen, active) : T(0);
  int heavy = active;
  if (limit > T(0)) {
    heavy = set_light_apart<T>(limit, active, {w.positions, w.chosen, w.root}, w.light);
    const ChosenRows<T> light = {s.rows, d, active - heavy, w.light.at, w.light.resp, w.light.root};
    add_row_moments<T, float>(dims, light, s.readable, packed.center(k), w.packed, w.edge, target);
  }
  const ChosenRows<T> chosen = {s.rows, d, heavy, w.positions, w.chosen, w.root};
  add_row_moments<T>(dims, chosen, s.readable, packed.center(k), w.packed, w.edge, target);
}

// The moments of one component over all rows, a vector across rows.
template <class T>
void dense_moments(Dimensions dims, const Packed<T>& packed, ptrdiff_t k, const Stretch<T>& s, const Workspace<T>& w) {
  const ptrdiff_t d = dims.features;
  const int n_panels = int(s.whole / group<T>), at_once = int(dense_rows<T>(d) / group<T>);
  for (int p = 0; p < n_panels; p += at_once) {
    const ptrdiff_t t = p * group<T>;
    add_dense_moments<T>(dims, w.panels + t * d, n_panels - p < at_once ? n_panels - p : at_once,
                         w.log_joint + k * w.stretch + t, w.inverse + t, packed.center(k), w.centred,
                         w.lane_sums + k * w.lane_step);
  }
}

template <class T>
void moments_stretch(Dimensions dims, const Packed<T>& packed, const Stretch<T>& s, const Workspace<T>& w,
                     double* out) {
  const ptrdiff_t K = dims.components;
  // Looking for the active rows pays when there may be few of them.
  const auto has_part_in = [&](ptrdiff_t k, ptrdiff_t share) {
    return estimate_positive<T>(w.log_joint + k * w.stretch, s.whole) * share > s.here;
  };
  const auto all_have = [&](ptrdiff_t k) {
    for (int m = 0; m < kShare; ++m)
      if (!has_part_in(k + m, 2)) return false;
    return true;
  };
  for (ptrdiff_t k = 0; k < K; ++k) {
    if (w.lane_step && (K < 8 || has_part_in(k, 4))) {
      dense_moments<T>(dims, packed, k, s, w);
      w.has_lane_sums[k] = 1;
    } else if (!is_matrix(dims.shape) && k + kShare <= K && all_have(k)) {
      shared_moments<T>(dims, packed, k, s, w, out);
      k += kShare - 1;
    } else {
      chosen_moments<T>(dims, packed, k, s, w, out);
    }
  }
}

// With the panels of all rows, or null.
template <class T>
void accumulate_panels(Dimensions dims, const T* parameters, ptrdiff_t n, const T* rows, const T* panels,
                       const double* row_weights, double* out, T* workspace) {
  const Packed<T> packed(dims, parameters);
  Workspace<T> w(dims, workspace);
  w.are_written = panels != nullptr;
  const ptrdiff_t K = dims.components, d = dims.features;
  for (ptrdiff_t i = 0; i < K * w.lane_step; ++i) w.lane_sums[i] = T(0);
  for (ptrdiff_t k = 0; w.lane_step && k < K; ++k) w.has_lane_sums[k] = 0;
  ptrdiff_t pending = 0;
  double log_likelihood = 0, total_weight = row_weights ? 0 : double(n);
  for (ptrdiff_t first = 0; first < n; first += w.stretch) {
    const ptrdiff_t here = n - first < w.stretch ? n - first : w.stretch, whole = round_up(here, kTile);
    const double* const weights = row_weights ? row_weights + first : nullptr;
    if (panels) w.panels = const_cast<T*>(panels) + first * d;
    density_above_cut<T>(dims, packed, rows + first * d, here, whole, w);
    normalise<T>(w.log_joint, K, w.stretch, whole, Format<T>::kNegligible, w.inverse, w.log_norm);
    log_likelihood += weighted_sum<T>(w.log_norm, weights, here);
    apply_weights<T>(w.inverse, weights, here, whole);
    moments_stretch<T>(dims, packed, {rows + first * d, here, whole, n - first - edge_rows<T>(d)}, w, out);
    if (weights)
      for (ptrdiff_t t = 0; t < here; ++t) total_weight += weights[t];
    pending += here;
    if (w.lane_step && (first + here == n || (sizeof(T) == 4 && pending >= kFloatRows))) {
      for (ptrdiff_t k = 0; k < K; ++k) {
        if (!w.has_lane_sums[k]) continue;
        reduce_dense_moments<T>(dims, w.lane_sums + k * w.lane_step, target_of(dims, out, k));
        w.has_lane_sums[k] = 0;
      }
      pending = 0;
    }
  }
  double* const tail = out + K + K * d + scatter_size(dims);
  tail[0] += log_likelihood;
  tail[1] += total_weight;
  tail[2] += double(n);
}

template <class T>
void accumulate(Dimensions dims, const T* parameters, ptrdiff_t n, const T* rows, const double* row_weights,
                double* out, T* workspace) {
  accumulate_panels<T>(dims, parameters, n, rows, nullptr, row_weights, out, workspace);
}

// Where densities are cut short, panels are of some rows only.
template <class T> size_t panels_size(Dimensions dims, ptrdiff_t n) {
  return is_dense(dims) && !may_prune<T>(dims) ? size_t(round_up(n, kTile) * dims.features) : 0;
}

template <class T> void write_panels(Dimensions dims, ptrdiff_t n, const T* rows, T* panels) {
  const ptrdiff_t d = dims.features;
  for (ptrdiff_t t = 0; t < n; t += kTile) transpose<T>(rows + t * d, n - t, d, panels + t * d);
}

// (K, stride) to (rows, K), times `scale` of each row where given.
template <class T>
void write_rows(const T* values, ptrdiff_t components, ptrdiff_t stride, ptrdiff_t rows, const T* scale, T* out) {
  for (ptrdiff_t t = 0; t < rows; ++t)
    for (ptrdiff_t k = 0; k < components; ++k)
      out[t * components + k] = values[k * stride + t] * (scale ? scale[t] : T(1));
}

template <class T>
void write_labels(const T* log_joint, ptrdiff_t components, ptrdiff_t stride, ptrdiff_t rows, int64_t* labels) {
  for (ptrdiff_t t = 0; t < rows; ++t) {
    ptrdiff_t best = 0;
    for (ptrdiff_t k = 1; k < components; ++k)
      if (log_joint[k * stride + t] > log_joint[best * stride + t]) best = k;
    labels[t] = best;
  }
}

template <class T>
void evaluate(Dimensions dims, const T* parameters, ptrdiff_t n, const T* rows, Outputs<T> outputs, T* workspace) {
  const Packed<T> packed(dims, parameters);
  const Workspace<T> w(dims, workspace);
  const ptrdiff_t K = dims.components;
  for (ptrdiff_t first = 0; first < n; first += w.stretch) {
    const ptrdiff_t here = n - first < w.stretch ? n - first : w.stretch, whole = round_up(here, kTile);
    density_stretch<T>(dims, packed, rows + first * dims.features, here, w);
    if (outputs.log_joint) write_rows<T>(w.log_joint, K, w.stretch, here, nullptr, outputs.log_joint + first * K);
    if (outputs.labels) write_labels<T>(w.log_joint, K, w.stretch, here, outputs.labels + first);
    if (!outputs.log_norm && !outputs.resp) continue;
    normalise<T>(w.log_joint, K, w.stretch, whole, Format<T>::kExpMin, w.inverse, w.log_norm);
    if (outputs.resp) write_rows<T>(w.log_joint, K, w.stretch, here, w.inverse, outputs.resp + first * K);
    if (outputs.log_norm)
      for (ptrdiff_t t = 0; t < here; ++t) outputs.log_norm[first + t] = w.log_norm[t];
  }
}

// b = F (μ − c), what rounding the mean to T has lost, in whitened coordinates.
template <class T>
void pack_matrix(ptrdiff_t d, const double* lost, const double* factor, T* offset, T* packed) {
  for (ptrdiff_t i = 0; i < d; ++i) {
    double sum = 0;
    for (ptrdiff_t j = 0; j <= i; ++j) sum += factor[i * d + j] * lost[j];
    offset[i] = T(sum);
  }
  if (!packed) return;
  for (ptrdiff_t row = 0; row < d; row += kBlock) {
    const ptrdiff_t height = d - row < kBlock ? d - row : kBlock;
    for (ptrdiff_t j = 0; j < row + height; ++j)
      for (ptrdiff_t i = row; i < row + height; ++i) *packed++ = T(j <= i ? factor[i * d + j] : 0.0);
  }
}

template <class T>
void pack(Dimensions dims, const double* means, const double* factors, const double* log_constants, T* out,
          double* centers) {
  const Packed<T> packed(dims, out);
  const ptrdiff_t K = dims.components, d = dims.features;
  const size_t size = packed.parameters_size();
  for (size_t i = 0; i < size; ++i) out[i] = T(0);
  if (packed.directions_size) *packed.directions_state() = 0;
  T* const origin = const_cast<T*>(packed.origin());
  for (ptrdiff_t j = 0; j < d; ++j) {
    double sum = 0;
    for (ptrdiff_t k = 0; k < K; ++k) sum += means[k * d + j] / double(K);
    origin[j] = T(sum);
  }
  for (ptrdiff_t k = 0; k < K; ++k) {
    T* const center = const_cast<T*>(packed.center(k));
    T* const offset = const_cast<T*>(packed.offset(k));
    T* const factor = const_cast<T*>(packed.factor(k));
    out[k] = T(log_constants[k]);
    // Row k of `centers` holds μ − c until the centre itself is written there.
    double* const lost = centers + k * d;
    for (ptrdiff_t j = 0; j < d; ++j) {
      center[j] = T(means[k * d + j]);
      lost[j] = means[k * d + j] - double(center[j]);
    }
    if (dims.shape == Shape::full) pack_matrix<T>(d, lost, factors + k * d * d, offset, factor);
    if (dims.shape == Shape::shared) pack_matrix<T>(d, lost, factors, offset, k ? nullptr : factor);
    if (!is_matrix(dims.shape))
      for (ptrdiff_t j = 0; j < d; ++j) {
        const double f = dims.shape == Shape::scalar ? factors[k] : factors[k * d + j];
        factor[j] = T(f);
        // With the factor as rounded: the scaled mean must be where the kernel puts its rows.
        offset[j] = T(-double(factor[j]) * (means[k * d + j] - double(origin[j])));
      }
    for (ptrdiff_t j = 0; j < d; ++j) centers[k * d + j] = double(center[j]);
  }
}

template <class T> size_t packed_size(Dimensions dims) { return Packed<T>(dims, nullptr).size(); }

template <class T> size_t workspace_size(Dimensions dims) { return Workspace<T>(dims, nullptr).bytes / sizeof(T); }

template <class T> constexpr GaussianKernel<T> table() {
  return {packed_size<T>, workspace_size<T>, pack<T>,         accumulate<T>,
          evaluate<T>,    panels_size<T>,    write_panels<T>, accumulate_panels<T>};
}

}  // namespace

#define SOFTMIX_QUOTE(name) #name
#define SOFTMIX_NAME(name) SOFTMIX_QUOTE(name)

extern const InstructionSet instruction_set;
const InstructionSet instruction_set = {SOFTMIX_NAME(SOFTMIX_ISA),
                                        table<double>(),
                                        table<float>(),
                                        merge_losses,
                                        inverse_cholesky,
                                        factor_of_scatter,
                                        unit_rows,
                                        moved_rows,
                                        product_norm,
                                        fill_holes,
                                        add_residuals};

}  // namespace SOFTMIX_ISA
}  // namespace softmix

// log p(x, k) of rows that are near few components each: what cannot matter is left unfinished.
//
// A membership counts as 0 once |z|² puts log p(x, k) below the cut under what another component gives
// the row. |z|² = |h|² + |t|², of the first whitened coordinates h and the others t; and for any unit
// vector a, |t|² ≥ (aᵀt)². With a along what t is at the mean c_l of the row's nearest component,
//
//     aᵀt = gᵀ (x − c_l) + |F_t (c_l − c_k)|,   g = F_tᵀ a,
//
// one product of d terms has the distance between the two. So most pairs are settled by h, of all rows
// and components, and by that product, of all components at once. The others are finished, component
// by component, a vector being given up once all its rows are settled. What is finished has the bits
// that it would have had.
#pragma once

#include "density.hpp"
#include "transpose.hpp"

namespace softmix {
namespace SOFTMIX_ISA {

// The coordinates h that all rows have of all components.
constexpr ptrdiff_t head_columns(ptrdiff_t d) { return round_up(3 * d / 8, kBlock); }

// Of a bound on |z|²: more than its rounding, which is of the order of that of |z|² itself.
template <class T> constexpr T kCertain = T(0.999);

template <class T> struct Pruning {
  ptrdiff_t stretch, padded;          // rows, and components in whole blocks
  int32_t *nearest, *order, *starts;  // (rows), (rows), (components + 1)
  int32_t *pending, *n_pending;       // (components, rows), (components)
  T *constants, *known;               // of h's density (components); a log p(x, k) of each row
  T* from;                            // g of all components from one l (d, k)

  Pruning() = default;

  Pruning(Dimensions dims, ptrdiff_t rows, Arena& arena) : stretch(rows) {
    const ptrdiff_t K = dims.components, d = dims.features;
    padded = round_up(K, kBlock);
    nearest = arena.take<int32_t>(rows), order = arena.take<int32_t>(rows);
    starts = arena.take<int32_t>(K + 1);
    pending = arena.take<int32_t>(K * rows), n_pending = arena.take<int32_t>(K);
    constants = arena.take<T>(K), known = arena.take<T>(rows);
    from = arena.take<T>(d * padded);
  }
};

// Σ log F_ii of the coordinates from `first` on. A density that is the same everywhere has F = 0;
// taken for enormous, it is no row's nearest.
template <class T> T log_diagonal(const T* factor, ptrdiff_t first, ptrdiff_t d) {
  Vec<T> total = {};
  T entries[lanes<T>];
  for (ptrdiff_t begin = first; begin < d; begin += lanes<T>) {
    for (ptrdiff_t i = begin; i < begin + lanes<T>; ++i) {
      const ptrdiff_t row = i / kBlock * kBlock, height = d - row < kBlock ? d - row : kBlock;
      const T entry = i < d ? factor[packed_factor_size(row) + i * height + i - row] : T(1);
      entries[i - begin] = entry > T(0) ? entry : T(1e38);
    }
    total += log<T>(load<T>(entries));
  }
  T sum = 0;
  for (int lane = 0; lane < lanes<T>; ++lane) sum += total[lane];
  return sum;
}

// |h|² of all components, of a tile whose panels have just those columns.
template <class T>
void head_distances(const Packed<T>& packed, ptrdiff_t head, const T* panels, T* y, T* distances, ptrdiff_t stride) {
  for (ptrdiff_t k = 0; k < packed.components; ++k)
    for (int p = 0; p < kTile / group<T>; ++p) {
      Vec<T> q[kVectors] = {};
      mahalanobis<T>(panels + p * head * group<T>, packed.center(k), packed.offset(k), packed.factor(k), head, y, q);
      for (int v = 0; v < kVectors; ++v) store<T>(distances + k * stride + p * group<T> + v * lanes<T>, q[v]);
    }
}

// The component under which h is likeliest, of each row.
template <class T>
void find_nearest(const T* distances, ptrdiff_t components, ptrdiff_t stride, const T* constants, ptrdiff_t rows,
                  int32_t* nearest) {
  for (ptrdiff_t t = 0; t < rows; t += lanes<T>) {
    Vec<T> top = constants[0] - T(0.5) * load<T>(distances + t), which = {};
    for (ptrdiff_t k = 1; k < components; ++k) {
      const Vec<T> likely = constants[k] - T(0.5) * load<T>(distances + k * stride + t);
      which = likely > top ? splat<T>(T(k)) : which;
      top = max<T>(likely, top);
    }
    for (int lane = 0; lane < lanes<T>; ++lane) nearest[t + lane] = int32_t(which[lane]);
  }
}

// Rows in the order of their nearest component, whose own end where `starts` says.
template <class T> void sort_rows(const Pruning<T>& w, ptrdiff_t components, ptrdiff_t rows) {
  for (ptrdiff_t k = 0; k <= components; ++k) w.starts[k] = 0;
  for (ptrdiff_t t = 0; t < rows; ++t) ++w.starts[w.nearest[t] + 1];
  for (ptrdiff_t k = 0; k < components; ++k) w.starts[k + 1] += w.starts[k];
  for (ptrdiff_t t = 0; t < rows; ++t) w.order[w.starts[w.nearest[t]]++] = int32_t(t);
}

// `Height` sums over j < columns of matrix[j * step + i] y_j, in registers.
template <class T, int Height>
SOFTMIX_INLINE void multiply(const T* matrix, ptrdiff_t step, ptrdiff_t columns, const T* y,
                             Vec<T> (&z)[Height][kVectors]) {
  for (ptrdiff_t j = 0; j < columns; ++j) {
    Vec<T> column[kVectors];
    SOFTMIX_UNROLL
    for (int v = 0; v < kVectors; ++v) column[v] = load<T>(y + j * group<T> + v * lanes<T>);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) {
      const Vec<T> entry = splat<T>(matrix[j * step + i]);
      SOFTMIX_UNROLL
      for (int v = 0; v < kVectors; ++v) z[i][v] += entry * column[v];
    }
  }
}

// Rows [row, row + Height) of t = F y, for a panel of y; their squares go to `squares`, and their
// products with the offsets to `shifts`.
template <class T, int Height>
SOFTMIX_INLINE void tail_rows(const T* factor, ptrdiff_t step, ptrdiff_t columns, const T* y, const T* offset, T* t,
                              Vec<T> (&squares)[kVectors], Vec<T> (&shifts)[kVectors]) {
  Vec<T> z[Height][kVectors] = {};
  multiply<T, Height>(factor, step, columns, y, z);
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) SOFTMIX_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    store<T>(t + i * group<T> + v * lanes<T>, z[i][v]);
    squares[v] += z[i][v] * z[i][v];
    if (has_offset<T>) shifts[v] += z[i][v] * splat<T>(offset[i]);
  }
}

// Adds Fᵀ t of the same rows, times `scale`, to the columns g_j, which lie `stride` apart.
template <class T, int Height>
SOFTMIX_INLINE void add_transposed(const T* factor, ptrdiff_t step, ptrdiff_t columns, const T* t,
                                   const Vec<T> (&scale)[kVectors], T* g, ptrdiff_t stride) {
  Vec<T> a[Height][kVectors];
  SOFTMIX_UNROLL
  for (int i = 0; i < Height; ++i) SOFTMIX_UNROLL
  for (int v = 0; v < kVectors; ++v) a[i][v] = load<T>(t + i * group<T> + v * lanes<T>) * scale[v];
  for (ptrdiff_t j = 0; j < columns; ++j) SOFTMIX_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    T* const at = g + j * stride + v * lanes<T>;
    Vec<T> sum = load<T>(at);
    SOFTMIX_UNROLL
    for (int i = 0; i < Height; ++i) sum += splat<T>(factor[j * step + i]) * a[i][v];
    store<T>(at, sum);
  }
}

// g of component k from a panel of centres, and what is added to gᵀ (x − c_l). y and t are scratch.
template <class T>
void find_directions(const Packed<T>& packed, ptrdiff_t k, ptrdiff_t d, const T* panel, T* y, T* t, T* g, T* lengths,
                     ptrdiff_t stride) {
  const ptrdiff_t head = head_columns(d), whole = d / kBlock * kBlock, height = d - whole;
  const T *const start = packed.factor(k) + packed_factor_size(head), *const offset = packed.offset(k);
  center_panel<T>(panel, packed.center(k), d, y);
  Vec<T> squares[kVectors] = {}, shifts[kVectors] = {}, scale[kVectors];
  const T* factor = start;
  for (ptrdiff_t row = head; row < whole; row += kBlock, factor += kBlock * row)
    tail_rows<T, kBlock>(factor, kBlock, row + kBlock, y, offset + row, t + row * group<T>, squares, shifts);
  for (ptrdiff_t i = 0; i < height; ++i)
    tail_rows<T, 1>(factor + i, height, d, y, offset + whole + i, t + (whole + i) * group<T>, squares, shifts);
  for (int v = 0; v < kVectors; ++v) {
    T part[lanes<T>];
    store<T>(part, squares[v]);
    for (int lane = 0; lane < lanes<T>; ++lane) part[lane] = square_root(part[lane]);
    const Vec<T> length = load<T>(part);
    scale[v] = length > splat<T>(0) ? T(1) / length : Vec<T>{};
    store<T>(lengths + v * lanes<T>, length - shifts[v] * scale[v]);
  }
  for (ptrdiff_t j = 0; j < d; ++j)
    for (int v = 0; v < kVectors; ++v) store<T>(g + j * stride + v * lanes<T>, Vec<T>{});
  factor = start;
  for (ptrdiff_t row = head; row < whole; row += kBlock, factor += kBlock * row)
    add_transposed<T, kBlock>(factor, kBlock, row + kBlock, t + row * group<T>, scale, g, stride);
  for (ptrdiff_t i = 0; i < height; ++i)
    add_transposed<T, 1>(factor + i, height, d, t + (whole + i) * group<T>, scale, g, stride);
}

// The directions from all centres to all components: who needs them first finds them, once for all rows that these
// parameters see. panels, y and t are scratch.
template <class T>
void need_directions(const Packed<T>& packed, ptrdiff_t d, T* panels, T* y, T* t) {
  constexpr int32_t kNone = 0, kMaking = 1, kMade = 2;
  int32_t* const state = packed.directions_state();
  int32_t seen = __atomic_load_n(state, __ATOMIC_ACQUIRE);
  if (seen == kMade) return;
  const ptrdiff_t K = packed.components;
  if (seen != kNone ||
      !__atomic_compare_exchange_n(state, &(seen = kNone), kMaking, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    while (__atomic_load_n(state, __ATOMIC_ACQUIRE) != kMade) {}
    return;
  }
  for (ptrdiff_t c = 0; c < packed.centers; c += group<T>) {
    transpose_slabs<T>([&](ptrdiff_t i) { return packed.center(c + i < K ? c + i : 0); }, group<T>, d, panels);
    for (ptrdiff_t k = 0; k < K; ++k)
      find_directions<T>(packed, k, d, panels, y, t, packed.directions(k, d) + c, packed.lengths(k, d) + c,
                         packed.centers);
  }
  __atomic_store_n(state, kMade, __ATOMIC_RELEASE);
}

// Whether every row of a panel is settled.
template <class T>
SOFTMIX_INLINE bool all_negligible(T constant, const Vec<T> (&q)[kVectors], const Vec<T> (&known)[kVectors]) {
  Int<T> out = splat_int<T>(-1);
  SOFTMIX_UNROLL
  for (int v = 0; v < kVectors; ++v) out &= log_joint_at<T>(constant, q[v]) - known[v] < Format<T>::kNegligible;
  return all_true<T>(out);
}

// The values of some rows of a stretch, as vectors.
template <class T> SOFTMIX_INLINE void gather(const T* values, const int32_t* at, Vec<T> (&out)[kVectors]) {
  T part[group<T>];
  for (int t = 0; t < group<T>; ++t) part[t] = values[at[t]];
  for (int v = 0; v < kVectors; ++v) out[v] = load<T>(part + v * lanes<T>);
}

// log p(x, k) of a panel of the rows `at`, of which log_joint holds |h|²; as far as it matters, unless
// all rows are `Near`. y is scratch, and then x − c.
template <class T, bool Near>
void finish_panel(const Packed<T>& packed, ptrdiff_t k, ptrdiff_t d, const T* panel, const int32_t* at, T* y,
                  T* log_joint, const T* known) {
  const T constant = packed.constants()[k];
  const T *const center = packed.center(k), *const offset = packed.offset(k);
  ptrdiff_t row = head_columns(d);
  const T* factor = packed.factor(k) + packed_factor_size(row);
  Vec<T> q[kVectors], least[kVectors];
  gather<T>(log_joint, at, q);
  if (!Near) gather<T>(known, at, least);
  center_panel<T>(panel, center, row, y);
  for (; row + kBlock <= d && (Near || !all_negligible<T>(constant, q, least)); row += kBlock) {
    row_block<T, kBlock>(panel, center, factor, row, offset, y, q);
    factor += kBlock * (row + kBlock);
  }
  if (row + kBlock > d) last_block<T>(panel, center, factor, row, d - row, offset, y, q);
  T rows[group<T>];
  store_log_joint<T>(constant, q, rows);
  for (int t = 0; t < group<T>; ++t) log_joint[at[t]] = rows[t];
}

// Which components the rows `at` of a panel still have to see: `count` of them, nearest to l, y = x − c_l.
template <class T>
void settle_panel(const Packed<T>& packed, ptrdiff_t l, ptrdiff_t d, const int32_t* at, int count, const T* y,
                  const Pruning<T>& w, T* log_joint, ptrdiff_t stride) {
  Vec<T> known[kVectors];
  gather<T>(w.known, at, known);
  for (ptrdiff_t first = 0; first < packed.components; first += kBlock) {
    Vec<T> along[kBlock][kVectors] = {};
    multiply<T, kBlock>(w.from + first, w.padded, d, y, along);
    for (ptrdiff_t k = first; k < first + kBlock && k < packed.components; ++k) {
      if (k == l) continue;
      T margin[group<T>], *const joint = log_joint + k * stride;
      Vec<T> q[kVectors];
      gather<T>(joint, at, q);
      for (int v = 0; v < kVectors; ++v) {
        const Vec<T> a = along[k - first][v] + splat<T>(packed.lengths(k, d)[l]);
        store<T>(margin + v * lanes<T>,
                 log_joint_at<T>(packed.constants()[k], kCertain<T> * (q[v] + a * a)) - known[v]);
      }
      int32_t* const pending = w.pending + k * w.stretch;
      for (int t = 0; t < count; ++t) {
        if (margin[t] < Format<T>::kNegligible)
          joint[at[t]] = -T(__builtin_inf());
        else
          pending[w.n_pending[k]++] = at[t];
      }
    }
  }
}

// Calls visit(at, count) for each panel of the rows in a list, the last filled up with its last row.
template <class T, class Visit> SOFTMIX_INLINE void for_each_panel(const int32_t* list, ptrdiff_t n, Visit visit) {
  int32_t at[group<T>];
  for (ptrdiff_t first = 0; first < n; first += group<T>) {
    const int count = n - first < group<T> ? int(n - first) : group<T>;
    for (int t = 0; t < group<T>; ++t) at[t] = list[first + (t < count ? t : count - 1)];
    visit(at, count);
  }
}

// log_joint (K, stride) of n rows, `whole` with those that fill the last tile. What counts as 0 beside
// the row's largest may be anything that does so too. panels and y are scratch.
template <class T>
void pruned_log_joint(Dimensions dims, const Packed<T>& packed, const T* rows, ptrdiff_t n, ptrdiff_t whole,
                      const Pruning<T>& w, T* panels, T* y, T* log_joint, ptrdiff_t stride) {
  const ptrdiff_t K = dims.components, d = dims.features, head = head_columns(d);
  const auto row_at = [=](ptrdiff_t t) { return rows + (t < n ? t : 0) * d; };
  for (ptrdiff_t t = 0; t < whole; t += kTile) {
    transpose_slabs<T>([=](ptrdiff_t i) { return row_at(t + i); }, kTile, head, panels);
    head_distances<T>(packed, head, panels, y, log_joint + t, stride);
  }
  for (ptrdiff_t k = 0; k < K; ++k) {
    w.constants[k] = packed.constants()[k] - log_diagonal<T>(packed.factor(k), head, d);
    w.n_pending[k] = 0;
  }
  find_nearest<T>(log_joint, K, stride, w.constants, whole, w.nearest);
  sort_rows<T>(w, K, whole);
  need_directions<T>(packed, d, panels, y, panels + d * group<T>);
  for (ptrdiff_t l = 0, begin = 0; l < K; begin = w.starts[l++]) {
    for (ptrdiff_t j = 0; j < d; ++j)
      for (ptrdiff_t k = 0; k < w.padded; ++k)
        w.from[j * w.padded + k] = k < K ? packed.directions(k, d)[j * packed.centers + l] : T(0);
    for_each_panel<T>(w.order + begin, w.starts[l] - begin, [&](const int32_t* at, int count) {
      T* const own = log_joint + l * stride;
      transpose_slabs<T>([=](ptrdiff_t i) { return row_at(at[i]); }, group<T>, d, panels);
      finish_panel<T, true>(packed, l, d, panels, at, y, own, nullptr);
      for (int t = 0; t < count; ++t) w.known[at[t]] = own[at[t]];
      settle_panel<T>(packed, l, d, at, count, y, w, log_joint, stride);
    });
  }
  for (ptrdiff_t k = 0; k < K; ++k)
    for_each_panel<T>(w.pending + k * w.stretch, w.n_pending[k], [&](const int32_t* at, int) {
      transpose_slabs<T>([=](ptrdiff_t i) { return row_at(at[i]); }, group<T>, d, panels);
      finish_panel<T, false>(packed, k, d, panels, at, y, log_joint + k * stride, w.known);
    });
}

// Whether most products can be cut short, judged by log_joint of one panel: a component is far from a
// row if four fifths of the coordinates would be enough to know.
template <class T> bool are_far(const Packed<T>& packed, const T* log_joint, ptrdiff_t stride) {
  ptrdiff_t far = 0;
  for (int t = 0; t < group<T>; ++t) {
    const auto joint = [=](ptrdiff_t k) { return log_joint[k * stride + t]; };
    T top = joint(0);
    for (ptrdiff_t k = 1; k < packed.components; ++k) top = joint(k) > top ? joint(k) : top;
    for (ptrdiff_t k = 0; k < packed.components; ++k) {
      const T constant = packed.constants()[k];
      far += constant - joint(k) > T(1.25) * (constant - top - Format<T>::kNegligible);
    }
  }
  return 3 * far > group<T> * packed.components;
}

}  // namespace SOFTMIX_ISA
}  // namespace softmix

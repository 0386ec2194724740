// The closed forms and iterations of m_step/, where no variance has to be held at the floor (Celeux & Govaert 1995).
// With V_k the variances of component k along its axes, W_k its scatter about its mean and n_k its count.
#include "tied_m_step.hpp"

#include <algorithm>
#include <cmath>

#include "inverse_cholesky.hpp"
#include "rotate_axes.hpp"

namespace softmix {
namespace {

// Volumes that change by less than this share have converged, and a round of planes that gains less than this share
// of a nat per row and axis has settled. A step may end before: it begins where the last one ended, and never loses. On
// rows in cache a round costs as much as the rest of a step, so that more of them than a few do not pay.
constexpr double kSettledVolumes = 1e-10, kSettledAxes = 1e-11;
constexpr int kMostIterations = 500, kMostRounds = 10, kMostSweeps = 30;
// Off-diagonal squares below this share of the whole are rounding.
constexpr double kDiagonal = 1e-26;

struct Work {
  double *matrices, *axes, *along, *volumes, *shape, *square, *norms, *covariances;
  size_t used;

  Work(Dimensions dims, double* start) : used(0) {
    const ptrdiff_t K = dims.components, d = dims.features, matrix = dims.shape == Shape::full ? K * d * d : 0;
    matrices = take(start, matrix);
    axes = take(start, matrix);
    covariances = take(start, matrix);
    along = take(start, K * d);
    volumes = take(start, K);
    shape = take(start, d);
    square = take(start, d * d);
    norms = take(start, K);
  }

  double* take(double* start, ptrdiff_t size) {
    double* piece = start + used;
    used += size_t(size);
    return piece;
  }
};

bool all_above(const double* values, ptrdiff_t size, double lowest) {
  return std::all_of(values, values + size, [lowest](double value) { return value >= lowest; });
}

// W_k as whole matrices.
void unpack(const Scatters& given, double* matrices) {
  const ptrdiff_t d = given.dims.features;
  const double* packed = given.scatters;
  for (ptrdiff_t k = 0; k < given.dims.components; ++k) {
    const double* shift = given.shifts + k * d;
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j, ++packed)
        matrices[(k * d + i) * d + j] = matrices[(k * d + j) * d + i] = *packed - given.counts[k] * shift[i] * shift[j];
  }
}

// diag W_k.
void unpack_variances(const Scatters& given, double* along) {
  const ptrdiff_t d = given.dims.features;
  for (ptrdiff_t k = 0; k < given.dims.components; ++k)
    for (ptrdiff_t j = 0; j < d; ++j) {
      const double shift = given.shifts[k * d + j];
      along[k * d + j] = std::max(given.scatters[k * d + j] - given.counts[k] * shift * shift, 0.0);
    }
}

// |Σ_k|^(1/d) of the factors, up to nothing.
void volumes_of(Dimensions dims, const double* factors, double* volumes) {
  const ptrdiff_t d = dims.features, size = dims.shape == Shape::full ? d * d : d;
  const ptrdiff_t step = dims.shape == Shape::full ? d + 1 : 1;
  for (ptrdiff_t k = 0; k < dims.components; ++k) {
    double sum = 0.0;
    for (ptrdiff_t j = 0; j < d; ++j) sum += std::log(factors[k * size + j * step]);
    volumes[k] = std::exp(-2.0 * sum / double(d));
  }
}

// λ_k a_j by turns, from λ on: a_j = Σ_k ω_kj / λ_k / n, λ_k = Σ_j ω_kj / a_j / (n_k d). `along` becomes λ_k a_j.
void scaled_shape(const Scatters& given, double* along, double* volumes, double* shape) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    std::fill(shape, shape + d, 0.0);
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t j = 0; j < d; ++j) shape[j] += along[k * d + j] / (volumes[k] * given.total);
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K; ++k) {
      double sum = 0.0;
      for (ptrdiff_t j = 0; j < d; ++j) sum += along[k * d + j] / shape[j];
      const double updated = sum / (given.counts[k] * double(d));
      change = std::max(change, std::abs(std::log(updated / volumes[k])));
      volumes[k] = updated;
    }
    if (!(change > kSettledVolumes)) break;
  }
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t j = 0; j < d; ++j) along[k * d + j] = volumes[k] * shape[j];
}

// ω_kj becomes the variances with one product: ω_kj λ / |ω_k|^(1/d), λ = Σ_k |ω_k|^(1/d) / n.
void equal_volumes(const Scatters& given, double* along) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  const auto mean = [along, d](ptrdiff_t k) {
    double sum = 0.0;
    for (ptrdiff_t j = 0; j < d; ++j) sum += std::log(along[k * d + j]);
    return std::exp(sum / double(d));
  };
  double volume = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k) volume += mean(k) / given.total;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double scale = volume / mean(k);
    for (ptrdiff_t j = 0; j < d; ++j) along[k * d + j] *= scale;
  }
}

// The matrix becomes Dᵀ W D, the axes D in columns.
void turn_to(ptrdiff_t d, const double* axes, double* matrix, double* square) {
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) {
      double sum = 0.0;
      for (ptrdiff_t c = 0; c < d; ++c) sum += matrix[i * d + c] * axes[c * d + j];
      square[i * d + j] = sum;
    }
  for (ptrdiff_t i = 0; i < d; ++i)
    for (ptrdiff_t j = 0; j < d; ++j) {
      double sum = 0.0;
      for (ptrdiff_t c = 0; c < d; ++c) sum += axes[c * d + i] * square[c * d + j];
      matrix[i * d + j] = sum;
    }
}

// The eigenvalues of the symmetric `a`, largest first, and the eigenvectors in the columns of `vectors`: Jacobi's
// rotations (Golub & Van Loan 2013, section 8.5), from the axes in `vectors`, those of a step before, on. `a` is
// overwritten.
void eigen(ptrdiff_t d, double* a, double* values, double* vectors, double* square) {
  turn_to(d, vectors, a, square);
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double off = 0.0, whole = 0.0;
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = 0; j <= i; ++j) (i == j ? whole : off) += a[i * d + j] * a[i * d + j];
    if (!(off > kDiagonal * whole)) break;
    for (ptrdiff_t p = 0; p < d; ++p)
      for (ptrdiff_t q = p + 1; q < d; ++q) {
        if (a[p * d + q] == 0.0) continue;
        const double tau = (a[q * d + q] - a[p * d + p]) / (2.0 * a[p * d + q]);
        const double tangent = (tau >= 0.0 ? 1.0 : -1.0) / (std::abs(tau) + std::sqrt(1.0 + tau * tau));
        const double cosine = 1.0 / std::sqrt(1.0 + tangent * tangent), sine = tangent * cosine;
        const auto turn = [cosine, sine](double& one, double& other) {
          const double before = one;
          one = cosine * before - sine * other;
          other = sine * before + cosine * other;
        };
        for (ptrdiff_t i = 0; i < d; ++i) turn(a[i * d + p], a[i * d + q]);
        for (ptrdiff_t i = 0; i < d; ++i) turn(a[p * d + i], a[q * d + i]);
        for (ptrdiff_t i = 0; i < d; ++i) turn(vectors[i * d + p], vectors[i * d + q]);
      }
  }
  for (ptrdiff_t j = 0; j < d; ++j) values[j] = a[j * d + j];
  for (ptrdiff_t j = 0; j < d; ++j) {
    const ptrdiff_t best = std::max_element(values + j, values + d) - values;
    if (best == j) continue;
    std::swap(values[j], values[best]);
    for (ptrdiff_t i = 0; i < d; ++i) std::swap(vectors[i * d + j], vectors[i * d + best]);
  }
}

// Σ_k = Σ_j V_kj d_j d_jᵀ, the axes in columns; one set of axes for all, or one for each.
void assemble(Dimensions dims, const double* axes, bool own_axes, const double* variances, double* covariances) {
  const ptrdiff_t d = dims.features;
  for (ptrdiff_t k = 0; k < dims.components; ++k) {
    const double *columns = axes + (own_axes ? k * d * d : 0), *along = variances + k * d;
    double* covariance = covariances + k * d * d;
    for (ptrdiff_t i = 0; i < d; ++i)
      for (ptrdiff_t j = i; j < d; ++j) {
        double sum = 0.0;
        for (ptrdiff_t c = 0; c < d; ++c) sum += columns[i * d + c] * along[c] * columns[j * d + c];
        covariance[i * d + j] = sum;
      }
  }
}

// Factors of the covariances; false where one has a direction that may be below the floor.
bool factor(const Scatters& given, Work& work, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  inverse_cholesky(K, d, work.covariances, work.matrices, work.norms, work.square);
  const double lowest = given.lowest;
  if (!std::all_of(work.norms, work.norms + K, [lowest](double norm) { return norm * lowest <= 1.0; })) return false;
  std::copy(work.matrices, work.matrices + K * d * d, factors);
  return true;
}

bool spherical(const Scatters& given, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  double sum = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k) {
    sum += given.scatters[k];
    for (ptrdiff_t j = 0; j < d; ++j) sum -= given.counts[k] * given.shifts[k * d + j] * given.shifts[k * d + j];
  }
  const double variance = sum / (given.total * double(d));
  if (!(variance >= given.lowest)) return false;
  std::fill(factors, factors + K, 1.0 / std::sqrt(variance));
  return true;
}

bool diagonal(Tie tie, const Scatters& given, Work& work, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  unpack_variances(given, work.along);
  if (tie == Tie::vei) {
    volumes_of(given.dims, factors, work.volumes);
    scaled_shape(given, work.along, work.volumes, work.shape);
  } else if (tie == Tie::evi) {
    equal_volumes(given, work.along);
  } else {
    std::fill(work.volumes, work.volumes + K, 1.0);
    std::fill(work.shape, work.shape + d, 0.0);
    for (ptrdiff_t i = 0; i < K * d; ++i) work.shape[i % d] += work.along[i] / given.total;
    for (ptrdiff_t i = 0; i < K * d; ++i) work.along[i] = work.shape[i % d];
  }
  if (!all_above(work.along, K * d, given.lowest)) return false;
  for (ptrdiff_t i = 0; i < K * d; ++i) factors[i] = 1.0 / std::sqrt(work.along[i]);
  return true;
}

// λ_k C by turns, C = Σ_k W_k / λ_k / n, λ_k = tr(W_k C⁻¹) / (n_k d).
bool vee(const Scatters& given, Work& work, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  double *shared = work.covariances, *root = work.axes;
  volumes_of(given.dims, factors, work.volumes);
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    std::fill(shared, shared + d * d, 0.0);
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t i = 0; i < d * d; ++i) shared[i] += work.matrices[k * d * d + i] / (work.volumes[k] * given.total);
    inverse_cholesky(1, d, shared, root, work.norms, work.square);
    if (!std::isfinite(work.norms[0])) return false;
    double change = 0.0;
    for (ptrdiff_t k = 0; k < K; ++k) {
      double trace = 0.0;  // tr(F W Fᵀ)
      for (ptrdiff_t i = 0; i < d; ++i)
        for (ptrdiff_t p = 0; p <= i; ++p) {
          double sum = 0.0;
          for (ptrdiff_t q = 0; q <= i; ++q) sum += work.matrices[(k * d + p) * d + q] * root[i * d + q];
          trace += root[i * d + p] * sum;
        }
      const double updated = trace / (given.counts[k] * double(d));
      change = std::max(change, std::abs(std::log(updated / work.volumes[k])));
      work.volumes[k] = updated;
    }
    if (!(change > kSettledVolumes)) break;
  }
  const double smallest = *std::min_element(work.volumes, work.volumes + K);
  if (!(work.norms[0] * given.lowest <= smallest)) return false;
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t i = 0; i < d * d; ++i) factors[k * d * d + i] = root[i] / std::sqrt(work.volumes[k]);
  return true;
}

// W_k λ / |W_k|^(1/d), λ = Σ_k |W_k|^(1/d) / n: F_k of W_k, scaled.
bool evv(const Scatters& given, Work& work, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  inverse_cholesky(K, d, work.matrices, work.axes, work.norms, work.square);
  if (!std::all_of(work.norms, work.norms + K, [](double norm) { return std::isfinite(norm); })) return false;
  volumes_of(given.dims, work.axes, work.volumes);
  double volume = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k) volume += work.volumes[k] / given.total;
  for (ptrdiff_t k = 0; k < K; ++k)
    if (!(work.norms[k] * work.volumes[k] * given.lowest <= volume)) return false;
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t i = 0; i < d * d; ++i)
      factors[k * d * d + i] = work.axes[k * d * d + i] * std::sqrt(work.volumes[k] / volume);
  return true;
}

bool own_axes(Tie tie, const Scatters& given, Work& work, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  for (ptrdiff_t k = 0; k < K; ++k)
    eigen(d, work.matrices + k * d * d, work.along + k * d, work.axes + k * d * d, work.square);
  if (tie == Tie::vev) {
    volumes_of(given.dims, factors, work.volumes);
    scaled_shape(given, work.along, work.volumes, work.shape);
  } else {
    std::fill(work.shape, work.shape + d, 0.0);
    for (ptrdiff_t i = 0; i < K * d; ++i) work.shape[i % d] += work.along[i] / given.total;
    for (ptrdiff_t i = 0; i < K * d; ++i) work.along[i] = work.shape[i % d];
  }
  if (!all_above(work.along, K * d, given.lowest)) return false;
  assemble(given.dims, work.axes, true, work.along, work.covariances);
  return factor(given, work, factors);
}

// Sets `along` to the best variances along the axes, and returns Σ_kj n_k log V_kj.
double along_axes(Tie tie, const Scatters& given, Work& work) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t j = 0; j < d; ++j) work.along[k * d + j] = std::max(work.matrices[(k * d + j) * d + j], 0.0);
  if (tie == Tie::eve)
    equal_volumes(given, work.along);
  else
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t j = 0; j < d; ++j) work.along[k * d + j] /= given.counts[k];
  double misfit = 0.0;
  for (ptrdiff_t k = 0; k < K; ++k)
    for (ptrdiff_t j = 0; j < d; ++j) misfit += given.counts[k] * std::log(work.along[k * d + j]);
  return misfit;
}

bool common_axes(Tie tie, const Scatters& given, Work& work, const Axes& axes, double* factors) {
  const ptrdiff_t K = given.dims.components, d = given.dims.features;
  for (ptrdiff_t k = 0; k < K; ++k) turn_to(d, axes.columns, work.matrices + k * d * d, work.square);
  double misfit = along_axes(tie, given, work);
  for (int round = 0; round < kMostRounds; ++round) {
    if (!all_above(work.along, K * d, given.lowest)) return false;
    for (ptrdiff_t i = 0; i < K * d; ++i) work.along[i] = 1.0 / work.along[i];
    rotate_axes(K, d, axes.planes, axes.pairs, work.along, axes.columns, work.matrices);
    const double before = misfit;
    misfit = along_axes(tie, given, work);
    if (!(before - misfit > kSettledAxes * given.total * double(d))) break;
  }
  if (!all_above(work.along, K * d, given.lowest)) return false;
  assemble(given.dims, axes.columns, false, work.along, work.covariances);
  return factor(given, work, factors);
}

}  // namespace

size_t tied_scratch_size(Dimensions dims) {
  double none;
  return Work(dims, &none).used;
}

void begin_tied(Dimensions dims, double* scratch) {
  const ptrdiff_t d = dims.features;
  if (dims.shape != Shape::full) return;
  double* axes = Work(dims, scratch).axes;
  std::fill(axes, axes + dims.components * d * d, 0.0);
  for (ptrdiff_t i = 0; i < dims.components * d; ++i) axes[i * d + i % d] = 1.0;
}

bool tied_factors(Tie tie, const Scatters& given, const Axes& axes, double* factors, double* scratch) {
  Work work(given.dims, scratch);
  if (given.dims.shape == Shape::scalar) return spherical(given, factors);
  if (given.dims.shape == Shape::diagonal) return diagonal(tie, given, work, factors);
  unpack(given, work.matrices);
  switch (tie) {
    case Tie::vee: return vee(given, work, factors);
    case Tie::evv: return evv(given, work, factors);
    case Tie::eve:
    case Tie::vve: return common_axes(tie, given, work, axes, factors);
    default: return own_axes(tie, given, work, factors);
  }
}

}  // namespace softmix

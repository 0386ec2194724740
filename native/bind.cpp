// With bind_team.cpp, all that knows Python. Python validates; the kernels trust.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "agglomerate.hpp"
#include "all_blocks.hpp"
#include "bind.hpp"
#include "cluster_moments.hpp"
#include "columns.hpp"
#include "gaussian_kernel.hpp"
#include "group_rows.hpp"
#include "groups.hpp"
#include "rotate_axes.hpp"
#include "short_run.hpp"
#include "weigh_merges.hpp"

namespace nb = nanobind;

namespace {

using softmix::check_signals;
using softmix::Dimensions;
using softmix::find;
using softmix::GaussianKernel;
using softmix::In;
using softmix::InstructionSet;
using softmix::Out;
using softmix::Outputs;
using softmix::Shape;

std::vector<std::string> available() {
  int count;
  const InstructionSet* const* sets = softmix::instruction_sets(&count);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.emplace_back(sets[i]->name);
  return names;
}

template <class T> const GaussianKernel<T>& table(const InstructionSet& set);
template <> const GaussianKernel<double>& table<double>(const InstructionSet& set) { return set.gaussian_double; }
template <> const GaussianKernel<float>& table<float>(const InstructionSet& set) { return set.gaussian_float; }

// The panels of rows, at the start of a cache line; null where they serve nothing.
template <class T> struct Panels {
  std::vector<T> memory;
  T* data = nullptr;

  Panels(const GaussianKernel<T>& kernel, Dimensions dims, ptrdiff_t n, const T* rows) {
    constexpr size_t kLine = 64;
    const size_t size = kernel.panels_size(dims, n);
    if (size == 0) return;
    memory.resize(size + kLine / sizeof(T));
    const size_t past = reinterpret_cast<uintptr_t>(memory.data()) % kLine;
    data = memory.data() + (kLine - past) % kLine / sizeof(T);
    kernel.write_panels(dims, n, rows, data);
  }
};

// The kernel of one instruction set, row type and problem size.
template <class T> class Gaussian {
 public:
  Gaussian(const std::string& isa, int shape, ptrdiff_t components, ptrdiff_t features)
      : set_(find(isa)), kernel_(table<T>(set_)), dims_{static_cast<Shape>(shape), components, features} {}

  size_t packed_size() const { return kernel_.packed_size(dims_); }
  size_t workspace_size() const { return kernel_.workspace_size(dims_); }

  void pack(In<double> means, In<double> factors, In<double> log_constants, Out<T> packed, Out<double> centers) const {
    kernel_.pack(dims_, means.data(), factors.data(), log_constants.data(), packed.data(), centers.data());
  }

  void accumulate(In<T> packed, In<T> rows, std::optional<In<double>> row_weights, Out<double> out,
                  Out<T> workspace) const {
    const double* weights = row_weights ? row_weights->data() : nullptr;
    const T* first = rows.data();
    const ptrdiff_t n = ptrdiff_t(rows.shape(0));
    const T* parameters = packed.data();
    double* target = out.data();
    T* scratch = workspace.data();
    nb::gil_scoped_release release;
    kernel_.accumulate(dims_, parameters, n, first, weights, target, scratch);
  }

  void accumulate_all(softmix::Team& team, In<T> packed, In<T> rows, std::optional<In<double>> row_weights,
                      ptrdiff_t block, ptrdiff_t at_once, Out<double> out) const {
    const double* weights = row_weights ? row_weights->data() : nullptr;
    const softmix::AllRows<T> all = {ptrdiff_t(rows.shape(0)), block, at_once, rows.data(), weights};
    const T* parameters = packed.data();
    double* target = out.data();
    const size_t size = out.size();
    nb::gil_scoped_release release;
    softmix::accumulate_all<T>(team, kernel_, dims_, parameters, all, size, target, check_signals);
  }

  size_t groups_workspace_size(ptrdiff_t most) const {
    return softmix::GroupsWorkspace<T>(kernel_, dims_, most, nullptr).doubles;
  }

  void accumulate_groups(In<double> means, In<double> factors, In<double> log_constants, In<T> rows,
                         std::optional<In<double>> row_weights, In<int64_t> row_starts, In<int64_t> component_starts,
                         In<int64_t> components, ptrdiff_t most, Out<double> out, Out<double> workspace) const {
    const softmix::AllComponents all = {means.data(), factors.data(), log_constants.data()};
    const softmix::Groups groups = {ptrdiff_t(row_starts.shape(0)) - 1, row_starts.data(), component_starts.data(),
                                    components.data()};
    const double* weights = row_weights ? row_weights->data() : nullptr;
    const T* first = rows.data();
    double* target = out.data();
    double* memory = workspace.data();
    nb::gil_scoped_release release;
    softmix::accumulate_groups<T>(kernel_, dims_, all, groups, first, weights, target, most, memory);
  }

  // The rows `at` of the source, ordered by label, in groups of at most `most` rows: writes the rows' labels, and their
  // positions in the order of the groups; gives of each group size, label, distance and number of components, and
  // after these the components and whether each is some row's likeliest.
  nb::tuple group_rows(const std::vector<In<double>>& reference, const std::vector<double>& rules, In<T> source,
                       In<int64_t> at, Out<int64_t> labels, ptrdiff_t most, Out<int64_t> order) const {
    const softmix::GroupingReference from = {{reference[0].data(), reference[1].data(), reference[2].data()},
                                             reference[3].data(),
                                             reference[4].data(),
                                             reference[5].data(),
                                             reference[6].data()};
    const softmix::GroupingRules given = {rules[0], rules[1], rules[2], rules[3], rules[4], rules[5],
                                          rules[6], rules[7], rules[8], rules[9], rules[10]};
    const int64_t n = int64_t(at.shape(0));
    const T* rows = source.data();
    const int64_t* places = at.data();
    int64_t *of_row = labels.data(), *positions = order.data();
    std::vector<softmix::RowGroup> groups;
    {
      nb::gil_scoped_release release;
      softmix::RowGrouper<T> grouper(kernel_, dims_, from, given, rows, places, of_row);
      for (int64_t first = 0, last; first < n; first = last) {
        for (last = first + 1; last < n && last < first + most && of_row[last] == of_row[first];) ++last;
        grouper.add_groups(first, last, groups);
        check_signals();
      }
      for (const softmix::RowGroup& group : groups)
        positions = std::copy(group.rows.begin(), group.rows.end(), positions);
    }
    std::vector<int64_t> sizes, of_group, counts, components;
    std::vector<double> distances;
    std::vector<bool> likeliest;
    for (const softmix::RowGroup& group : groups) {
      sizes.push_back(int64_t(group.rows.size()));
      of_group.push_back(group.label);
      distances.push_back(group.distance);
      counts.push_back(int64_t(group.components.size()));
      for (const int64_t k : group.components) {
        components.push_back(k);
        likeliest.push_back(std::binary_search(group.likeliest.begin(), group.likeliest.end(), k));
      }
    }
    return nb::make_tuple(sizes, of_group, distances, counts, components, likeliest);
  }

  void evaluate(In<T> packed, In<T> rows, std::optional<Out<T>> log_norm, std::optional<Out<T>> resp,
                std::optional<Out<int64_t>> labels, std::optional<Out<T>> log_joint, Out<T> workspace) const {
    const Outputs<T> outputs = {log_norm ? log_norm->data() : nullptr, resp ? resp->data() : nullptr,
                                labels ? labels->data() : nullptr, log_joint ? log_joint->data() : nullptr};
    const T* first = rows.data();
    const ptrdiff_t n = ptrdiff_t(rows.shape(0));
    const T* parameters = packed.data();
    T* scratch = workspace.data();
    nb::gil_scoped_release release;
    kernel_.evaluate(dims_, parameters, n, first, outputs, scratch);
  }

  // See `em_steps_each` in short_run.hpp; the kernel's own number of components is the largest of `sizes`.
  void em_steps(softmix::Team& team, In<T> rows, std::optional<In<double>> row_weights, In<double> betas,
                In<double> pseudo_rows, In<double> ending, double lowest, int tie, In<int64_t> sizes, In<int64_t> most,
                Out<double> weights, Out<double> means, Out<double> factors, Out<double> axes, In<int64_t> planes,
                Out<int64_t> taken, Out<double> log_likelihoods) const {
    const double* end = ending.data();
    const softmix::Schedule schedule = {0,
                                        ptrdiff_t(betas.shape(0)),
                                        betas.data(),
                                        pseudo_rows.data(),
                                        lowest,
                                        static_cast<softmix::Tie>(tie),
                                        {end[0], end[1], end[2], end[3], end[4] != 0.0, end[5]}};
    const softmix::Mixtures mixtures = {
        {weights.data(), means.data(), factors.data(), {axes.data(), ptrdiff_t(planes.shape(0)), planes.data()}},
        ptrdiff_t(taken.shape(0)),
        sizes.data(),
        most.data(),
        taken.data()};
    const double* row_weight = row_weights ? row_weights->data() : nullptr;
    const T* first = rows.data();
    const ptrdiff_t n = ptrdiff_t(rows.shape(0));
    double* reached = log_likelihoods.data();
    nb::gil_scoped_release release;
    // Whether panels serve does not depend on the number of components.
    const Panels<T> panels(kernel_, dims_, n, first);
    softmix::em_steps_each<T>(team, kernel_, dims_, n, first, panels.data, row_weight, schedule, mixtures, reached,
                              check_signals);
  }

  // See weigh_merges.hpp.
  void weigh_merges(In<double> weights, In<double> means, In<double> factors, In<double> log_constants,
                    In<double> covariances, In<int64_t> pairs, double lowest, In<double> rows,
                    std::optional<In<double>> row_weights, ptrdiff_t step, Out<int64_t> chosen,
                    Out<double> losses) const {
    static_assert(std::is_same_v<T, double>);
    const softmix::Mergeable mixture = {weights.data(), means.data(), factors.data(), log_constants.data(),
                                        covariances.data()};
    const softmix::Pairs candidates = {ptrdiff_t(pairs.shape(0)), ptrdiff_t(chosen.shape(0)), pairs.data(), lowest};
    const softmix::SomeRows some = {ptrdiff_t(rows.shape(0)), step, rows.data(),
                                    row_weights ? row_weights->data() : nullptr};
    int64_t* which = chosen.data();
    double* written = losses.data();
    nb::gil_scoped_release release;
    softmix::weigh_merges(set_, dims_, mixture, candidates, some, which, written);
  }

 private:
  const InstructionSet& set_;
  const GaussianKernel<T>& kernel_;
  Dimensions dims_;
};

void inverse_cholesky(const std::string& isa, In<double> matrices, Out<double> factors, Out<double> squared_norms) {
  const ptrdiff_t count = ptrdiff_t(matrices.shape(0)), d = ptrdiff_t(matrices.shape(1));
  std::vector<double> scratch(size_t(d * d));
  const double* from = matrices.data();
  double *to = factors.data(), *norms = squared_norms.data();
  const InstructionSet& set = find(isa);
  nb::gil_scoped_release release;
  set.inverse_cholesky(count, d, from, to, norms, scratch.data());
}

softmix::Holes holes_of(const In<int64_t>& missing, ptrdiff_t d) {
  return {ptrdiff_t(missing.shape(0)), d, ptrdiff_t(missing.shape(1)), missing.data()};
}

void fill_holes(const std::string& isa, In<double> precision, In<int64_t> missing, In<double> products,
                Out<double> deviations, Out<double> half_log_dets, Out<double> residuals) {
  const softmix::Holes holes = holes_of(missing, ptrdiff_t(precision.shape(0)));
  const softmix::Deviations of = {ptrdiff_t(deviations.shape(0)), precision.data(), products.data(), deviations.data()};
  double *log_dets = half_log_dets.data(), *written = residuals.data();
  const InstructionSet& set = find(isa);
  std::vector<double> scratch(softmix::holes_scratch_size(holes.m));
  nb::gil_scoped_release release;
  set.fill_holes(holes, of, log_dets, written, scratch.data());
}

void add_residuals(const std::string& isa, In<int64_t> missing, In<double> residuals, In<double> weights,
                   Out<double> out) {
  const softmix::Holes holes = holes_of(missing, ptrdiff_t(out.shape(0)));
  const double *given = residuals.data(), *shares = weights.data();
  double* target = out.data();
  const InstructionSet& set = find(isa);
  nb::gil_scoped_release release;
  set.add_residuals(holes, given, shares, target);
}

void rotate_axes(In<int64_t> pairs, In<double> precisions, Out<double> axes, Out<double> rotated) {
  const ptrdiff_t count = ptrdiff_t(precisions.shape(0)), d = ptrdiff_t(precisions.shape(1));
  softmix::rotate_axes(count, d, ptrdiff_t(pairs.shape(0)), pairs.data(), precisions.data(), axes.data(),
                       rotated.data());
}

void cluster_moments(In<double> rows, In<double> shares, Out<double> counts, Out<double> means,
                     Out<double> covariances) {
  const softmix::SharedRows shared = {ptrdiff_t(rows.shape(0)), ptrdiff_t(rows.shape(1)), ptrdiff_t(shares.shape(1)),
                                      rows.data(), shares.data()};
  const bool matrices = covariances.ndim() == 3;
  double *count = counts.data(), *mean = means.data(), *covariance = covariances.data();
  nb::gil_scoped_release release;
  softmix::cluster_moments(shared, matrices, count, mean, covariance);
}

void agglomerate(In<double> weights, In<double> means, In<double> covariances, bool spherical, double pseudo_rows,
                 double apart, Out<int64_t> merges) {
  const ptrdiff_t n = ptrdiff_t(means.shape(0)), d = ptrdiff_t(means.shape(1));
  const softmix::Clusters clusters = {n, d, covariances.ndim() == 3, weights.data(), means.data(), covariances.data()};
  const ptrdiff_t left = n - ptrdiff_t(merges.shape(0));
  int64_t* written = merges.data();
  nb::gil_scoped_release release;
  softmix::agglomerate(clusters, left, {spherical, pseudo_rows, apart}, written);
}

// The rows of `columns` from `start` on, as many as `rows` has.
template <class T> void interleave(const std::vector<In<T>>& columns, ptrdiff_t start, Out<T> rows) {
  std::vector<const T*> first;
  for (const In<T>& column : columns) first.push_back(column.data() + start);
  const ptrdiff_t n = ptrdiff_t(rows.shape(0)), d = ptrdiff_t(first.size());
  T* written = rows.data();
  nb::gil_scoped_release release;
  softmix::interleave(first.data(), n, d, written);
}

template <class T> bool all_finite(In<T> values) {
  const T* first = values.data();
  const ptrdiff_t n = ptrdiff_t(values.size());
  nb::gil_scoped_release release;
  return softmix::all_finite(first, n);
}

template <class T> void bind_columns(nb::module_& m) {
  m.def("interleave", &interleave<T>, nb::arg("columns"), nb::arg("start"), nb::arg("rows"));
  m.def("all_finite", &all_finite<T>, nb::arg("values"));
}

template <class T> void bind(nb::module_& m, const char* name) {
  auto kernel = nb::class_<Gaussian<T>>(m, name);
  kernel
      .def(nb::init<const std::string&, int, ptrdiff_t, ptrdiff_t>(), nb::arg("isa"), nb::arg("shape"),
           nb::arg("components"), nb::arg("features"))
      .def_prop_ro("packed_size", &Gaussian<T>::packed_size)
      .def_prop_ro("workspace_size", &Gaussian<T>::workspace_size)
      .def("pack", &Gaussian<T>::pack)
      .def("accumulate", &Gaussian<T>::accumulate, nb::arg("packed"), nb::arg("rows"), nb::arg("row_weights").none(),
           nb::arg("out"), nb::arg("workspace"))
      .def("accumulate_all", &Gaussian<T>::accumulate_all, nb::arg("team"), nb::arg("packed"), nb::arg("rows"),
           nb::arg("row_weights").none(), nb::arg("block"), nb::arg("at_once"), nb::arg("out"))
      .def("groups_workspace_size", &Gaussian<T>::groups_workspace_size)
      .def("accumulate_groups", &Gaussian<T>::accumulate_groups, nb::arg("means"), nb::arg("factors"),
           nb::arg("log_constants"), nb::arg("rows"), nb::arg("row_weights").none(), nb::arg("row_starts"),
           nb::arg("component_starts"), nb::arg("components"), nb::arg("most"), nb::arg("out"), nb::arg("workspace"))
      .def("group_rows", &Gaussian<T>::group_rows, nb::arg("reference"), nb::arg("rules"), nb::arg("source"),
           nb::arg("at"), nb::arg("labels"), nb::arg("most"), nb::arg("order"))
      .def("evaluate", &Gaussian<T>::evaluate, nb::arg("packed"), nb::arg("rows"), nb::arg("log_norm").none(),
           nb::arg("resp").none(), nb::arg("labels").none(), nb::arg("log_joint").none(), nb::arg("workspace"));
  kernel.def("em_steps", &Gaussian<T>::em_steps, nb::arg("team"), nb::arg("rows"), nb::arg("row_weights").none(),
             nb::arg("betas"), nb::arg("pseudo_rows"), nb::arg("ending"), nb::arg("lowest"), nb::arg("tie"),
             nb::arg("sizes"), nb::arg("most"), nb::arg("weights"), nb::arg("means"), nb::arg("factors"),
             nb::arg("axes"), nb::arg("planes"), nb::arg("taken"), nb::arg("log_likelihoods"));
  if constexpr (std::is_same_v<T, double>)
    kernel.def("weigh_merges", &Gaussian<T>::weigh_merges, nb::arg("weights"), nb::arg("means"), nb::arg("factors"),
               nb::arg("log_constants"), nb::arg("covariances"), nb::arg("pairs"), nb::arg("lowest"), nb::arg("rows"),
               nb::arg("row_weights").none(), nb::arg("step"), nb::arg("chosen"), nb::arg("losses"));
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "softmix's native kernels. Use softmix.kernels, which validates.";
  m.def("available", &available, "The instruction sets that this machine can run, the fastest first.");
  m.def("inverse_cholesky", &inverse_cholesky, nb::arg("isa"), nb::arg("matrices"), nb::arg("factors"),
        nb::arg("squared_norms"));
  m.def("fill_holes", &fill_holes, nb::arg("isa"), nb::arg("precision"), nb::arg("missing"), nb::arg("products"),
        nb::arg("deviations"), nb::arg("half_log_dets"), nb::arg("residuals"));
  m.def("add_residuals", &add_residuals, nb::arg("isa"), nb::arg("missing"), nb::arg("residuals"), nb::arg("weights"),
        nb::arg("out"));
  m.def("residuals_size", &softmix::residuals_size, nb::arg("n"), nb::arg("m"));
  m.def("rotate_axes", &rotate_axes, nb::arg("pairs"), nb::arg("precisions"), nb::arg("axes"), nb::arg("rotated"));
  softmix::bind_team(m);
  m.def("agglomerate", &agglomerate, nb::arg("weights"), nb::arg("means"), nb::arg("covariances"), nb::arg("spherical"),
        nb::arg("pseudo_rows"), nb::arg("apart"), nb::arg("merges"));
  m.def("cluster_moments", &cluster_moments, nb::arg("rows"), nb::arg("shares"), nb::arg("counts"), nb::arg("means"),
        nb::arg("covariances"));
  bind_columns<double>(m);
  bind_columns<float>(m);
  bind<double>(m, "GaussianFloat64");
  bind<float>(m, "GaussianFloat32");
}

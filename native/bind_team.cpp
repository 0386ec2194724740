// Threads that share work, and the stacks of matrices between two sweeps.
#include <nanobind/stl/string.h>

#include <optional>

#include "bind.hpp"
#include "scatter_about.hpp"
#include "team.hpp"

namespace softmix {
namespace {

// Multiplications of some microseconds: another thread that waits for the lock of Python would keep it for longer.
constexpr ptrdiff_t kAtOnce = 1 << 14;

// Stacks of `count` triangular matrices, which a team shares: visit(matrix, scratch of d * d numbers).
template <class Visit>
void for_each_matrix(Team& team, ptrdiff_t count, ptrdiff_t d, const Visit& visit) {
  std::optional<nb::gil_scoped_release> release;
  if (team.workers() > 1 || count * d * d * d > kAtOnce) release.emplace();
  const size_t bytes = size_t(d * d) * sizeof(double);
  const auto with_scratch = [&](int worker, ptrdiff_t k) {
    visit(k, static_cast<double*>(team.memory().of_worker(worker, bytes)));
  };
  team.share(count, with_scratch, check_signals);
}

// The symmetric matrices that `triangles` hold the lower halves of, less count · shift · shiftᵀ.
void scatters_about(Team& team, In<double> triangles, In<double> counts, In<double> shifts, Out<double> out) {
  const ptrdiff_t d = ptrdiff_t(shifts.shape(1)), half = d * (d + 1) / 2;
  const double *from = triangles.data(), *count = counts.data(), *shift = shifts.data();
  double* const to = out.data();
  for_each_matrix(team, ptrdiff_t(shifts.shape(0)), d, [=](ptrdiff_t k, double*) {
    scatter_about(d, from + k * half, count[k], shift + k * d, to + k * d * d);
  });
}

void factors_of_scatters(Team& team, const std::string& isa, In<double> scatters, In<double> divisors, In<double> scale,
                         Out<double> factors, Out<double> squared_norms) {
  const InstructionSet& set = find(isa);
  const ptrdiff_t d = ptrdiff_t(scale.shape(0));
  const double *from = scatters.data(), *divisor = divisors.data(), *deviations = scale.data();
  double *const to = factors.data(), *const norms = squared_norms.data();
  for_each_matrix(team, ptrdiff_t(divisors.shape(0)), d, [=, &set](ptrdiff_t k, double* scratch) {
    norms[k] = set.factor_of_scatter(d, from + k * d * d, divisor[k], deviations, to + k * d * d, scratch);
  });
}

void unit_rows(Team& team, const std::string& isa, In<double> factors, In<double> right, Out<double> logs,
               Out<double> beside) {
  const InstructionSet& set = find(isa);
  const ptrdiff_t d = ptrdiff_t(right.shape(0)), below = d * (d - 1) / 2;
  const double *from = factors.data(), *by = right.data();
  double *const diagonals = logs.data(), *const rest = beside.data();
  for_each_matrix(team, ptrdiff_t(factors.shape(0)), d, [=, &set](ptrdiff_t k, double* scratch) {
    set.unit_rows(d, from + k * d * d, by, diagonals + k * d, rest + k * below, scratch);
  });
}

void moved_rows(Team& team, const std::string& isa, In<double> factors, In<double> inverse, In<double> logs,
                In<double> beside, Out<double> moved) {
  const InstructionSet& set = find(isa);
  const ptrdiff_t d = ptrdiff_t(inverse.shape(0)), below = d * (d - 1) / 2;
  const double *from = factors.data(), *by = inverse.data(), *diagonals = logs.data(), *rest = beside.data();
  double* const to = moved.data();
  for_each_matrix(team, ptrdiff_t(factors.shape(0)), d, [=, &set](ptrdiff_t k, double* scratch) {
    set.moved_rows(d, from + k * d * d, by, diagonals + k * d, rest + k * below, to + k * d * d, scratch);
  });
}

void product_norms(Team& team, const std::string& isa, In<double> factors, In<double> right, Out<double> norms) {
  const InstructionSet& set = find(isa);
  const ptrdiff_t d = ptrdiff_t(right.shape(0));
  const double *from = factors.data(), *by = right.data();
  double* const to = norms.data();
  for_each_matrix(team, ptrdiff_t(factors.shape(0)), d, [=, &set](ptrdiff_t k, double* scratch) {
    to[k] = set.product_norm(d, from + k * d * d, by, scratch);
  });
}

}  // namespace

void bind_team(nb::module_& m) {
  nb::class_<Team>(m, "Team")
      .def(nb::init<int>(), nb::arg("helpers"))
      .def("serve", &Team::serve, nb::arg("helper"), nb::call_guard<nb::gil_scoped_release>())
      .def("call", &Team::call)
      .def("retire", &Team::retire);
  m.def("scatters_about", &scatters_about, nb::arg("team"), nb::arg("triangles"), nb::arg("counts"), nb::arg("shifts"),
        nb::arg("out"));
  m.def("factors_of_scatters", &factors_of_scatters, nb::arg("team"), nb::arg("isa"), nb::arg("scatters"),
        nb::arg("divisors"), nb::arg("scale"), nb::arg("factors"), nb::arg("squared_norms"));
  m.def("unit_rows", &unit_rows, nb::arg("team"), nb::arg("isa"), nb::arg("factors"), nb::arg("right"), nb::arg("logs"),
        nb::arg("beside"));
  m.def("moved_rows", &moved_rows, nb::arg("team"), nb::arg("isa"), nb::arg("factors"), nb::arg("inverse"),
        nb::arg("logs"), nb::arg("beside"), nb::arg("moved"));
  m.def("product_norms", &product_norms, nb::arg("team"), nb::arg("isa"), nb::arg("factors"), nb::arg("right"),
        nb::arg("norms"));
}

}  // namespace softmix

// What the files that know Python share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <stdexcept>
#include <string>

#include "gaussian_kernel.hpp"

namespace softmix {

namespace nb = nanobind;

template <class E> using In = nb::ndarray<const E, nb::c_contig, nb::device::cpu>;
template <class E> using Out = nb::ndarray<E, nb::c_contig, nb::device::cpu>;

// Of what is shared without the lock of Python: raises what a signal asks for, in the thread that signals go to.
inline void check_signals() {
  nb::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

inline const InstructionSet& find(const std::string& name) {
  int count;
  const InstructionSet* const* sets = instruction_sets(&count);
  for (int i = 0; i < count; ++i)
    if (name == sets[i]->name) return *sets[i];
  throw std::invalid_argument("this machine or build has no instruction set " + name);
}

// The team, and the stacks of matrices that it shares.
void bind_team(nb::module_& m);

}  // namespace softmix

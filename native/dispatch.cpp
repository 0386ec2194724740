// Which instruction sets this machine can run. Compiled for the least of them: nothing here may use
// what it asks about.
#include "gaussian_kernel.hpp"

namespace softmix {

#if defined(__x86_64__)
namespace avx512 { extern const InstructionSet instruction_set; }
namespace avx2 { extern const InstructionSet instruction_set; }
#endif
#if defined(__aarch64__)
namespace neon { extern const InstructionSet instruction_set; }
#else
namespace baseline { extern const InstructionSet instruction_set; }
#endif

namespace {

struct Found {
  const InstructionSet* sets[3] = {};
  int count = 0;
};

Found look() {
  Found found;
#if defined(__x86_64__)
  // The features are those of the compiler flags in CMakeLists.txt, one for one.
  const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
  if (wide && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq"))
    found.sets[found.count++] = &avx512::instruction_set;
  if (wide) found.sets[found.count++] = &avx2::instruction_set;
#endif
#if defined(__aarch64__)
  found.sets[found.count++] = &neon::instruction_set;
#else
  found.sets[found.count++] = &baseline::instruction_set;
#endif
  return found;
}

}  // namespace

const InstructionSet* const* instruction_sets(int* count) {
  static const Found found = look();
  *count = found.count;
  return found.sets;
}

}  // namespace softmix

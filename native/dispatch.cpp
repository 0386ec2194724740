// Which instruction sets are in this build, the fastest first.
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

const InstructionSet* const* instruction_sets(int* count) {
  static const InstructionSet* const sets[] = {
#if defined(__x86_64__)
      &avx512::instruction_set,
      &avx2::instruction_set,
#endif
#if defined(__aarch64__)
      &neon::instruction_set,
#else
      &baseline::instruction_set,
#endif
  };
  *count = int(sizeof(sets) / sizeof(sets[0]));
  return sets;
}

}  // namespace softmix

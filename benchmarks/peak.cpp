// The machine's limits, one thread: float64 fused multiply-adds a second, and bytes read a second.
//
// Compiled where it runs with -O3 -march=native. Vectors are as wide as the widest instruction set
// allows. Prints: vector bits, 1e9 FMA/s (element-wise), 1e9 bytes/s.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif

typedef double Vector __attribute__((vector_size(vector_bytes)));
constexpr std::size_t lanes = vector_bytes / sizeof(double);

namespace {

double seconds() {
  using clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

// Twelve chains: enough to hide the latency of two FMA units, few enough for 16 registers.
double fma_rate(double factor, double term) {
  const Vector a = Vector{} + factor;
  const Vector b = Vector{} + term;
  Vector x0 = a, x1 = a + 1, x2 = a + 2, x3 = a + 3, x4 = a + 4, x5 = a + 5;
  Vector x6 = a + 6, x7 = a + 7, x8 = a + 8, x9 = a + 9, x10 = a + 10, x11 = a + 11;
  constexpr long turns = 4'000'000;
  const double begin = seconds();
  for (long i = 0; i < turns; ++i) {
    x0 = x0 * a + b, x1 = x1 * a + b, x2 = x2 * a + b, x3 = x3 * a + b;
    x4 = x4 * a + b, x5 = x5 * a + b, x6 = x6 * a + b, x7 = x7 * a + b;
    x8 = x8 * a + b, x9 = x9 * a + b, x10 = x10 * a + b, x11 = x11 * a + b;
  }
  const double elapsed = seconds() - begin;
  const Vector sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;
  volatile double keep = sum[0];
  (void)keep;
  return 12.0 * lanes * turns / elapsed;
}

double read_rate(const Vector* data, std::size_t count) {
  Vector sums[8] = {};
  const double begin = seconds();
  for (std::size_t i = 0; i + 8 <= count; i += 8) {
    for (std::size_t j = 0; j < 8; ++j) sums[j] += data[i + j];
  }
  const double elapsed = seconds() - begin;
  Vector sum{};
  for (const Vector& part : sums) sum += part;
  volatile double keep = sum[0];
  (void)keep;
  return static_cast<double>(count * sizeof(Vector)) / elapsed;
}

double larger(double a, double b) { return a > b ? a : b; }

}  // namespace

int main(int argc, char**) {
  // Read from the arguments, so that the compiler cannot fold the chains.
  const double factor = 0.999 + 1e-9 * argc;
  constexpr std::size_t bytes = std::size_t{512} << 20;
  void* memory = std::aligned_alloc(64, bytes);
  if (!memory) return 1;
  double* values = static_cast<double*>(memory);
  for (std::size_t i = 0; i < bytes / sizeof(double); ++i) values[i] = static_cast<double>(i & 7);
  double fma = 0, read = 0;
  for (int repeat = 0; repeat < 9; ++repeat) {
    fma = larger(fma, fma_rate(factor, 1e-3));
    read = larger(read, read_rate(static_cast<const Vector*>(memory), bytes / sizeof(Vector)));
  }
  std::free(memory);
  std::printf("%zu %.3f %.3f\n", vector_bytes * 8, fma * 1e-9, read * 1e-9);
}

// Threads that share work without Python: they wait inside `serve`, and are at work within a microsecond or two.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace softmix {

// Memory that stays between pieces of work, so that it need not be had from the system each time.
class Memory {
 public:
  // For one worker alone, at least so large; what was in it is lost.
  void* of_worker(int worker, size_t bytes);

  // A vector of zeros, for any worker, until it is given back.
  std::vector<double> zeros(size_t size);
  void give_back(std::vector<double>&& vector);

 private:
  std::mutex mutex_;
  std::vector<std::vector<double>> spare_, scratch_;
};

class Team {
 public:
  explicit Team(int helpers);

  // The helpers, and who calls `share`.
  int workers() const { return helpers_ + 1; }
  Memory& memory() { return memory_; }

  // Of a helper, by number from 0: has its part in what is shared, until the next `call`.
  void serve(int helper);
  // Brings the helpers back from `serve`; one that is not there yet comes back at once.
  void call();
  // The helpers are gone: who calls `share` works alone.
  void retire() { helpers_ = 0; }

  // visit(worker, item) for each item < count, once, in any order. `check` is called now and then by the caller's
  // thread. After an exception in either no item is begun, and it is thrown when all are back. A helper that is late,
  // on a busy machine, is not waited for.
  typedef std::function<void(int, ptrdiff_t)> Visit;
  void share(ptrdiff_t count, const Visit& visit, const std::function<void()>& check);

  // Whether an exception is on its way out: what is begun need not be ended.
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  // What a helper has seen of the rounds, each a `call` or a `share`.
  struct Known {
    uint64_t round = 0, calls = 0;
  };

  void work(int worker, const Visit& visit, const std::function<void()>* check);
  void wait_for_helpers();
  void stop(std::exception_ptr error);
  // Whether `holds` becomes true within so long that sleeping would cost more.
  template <class Holds> bool soon(Holds holds) const;

  int helpers_;
  const bool may_spin_;
  Memory memory_;
  std::mutex mutex_;
  std::condition_variable called_, done_;
  std::vector<Known> known_;
  std::atomic<uint64_t> round_{0};
  uint64_t calls_ = 0;
  const Visit* visit_ = nullptr;  // while more helpers may join in
  std::atomic<int> busy_{0};      // helpers that are at it
  std::atomic<ptrdiff_t> next_{0};
  std::atomic<ptrdiff_t> count_{0};
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
};

}  // namespace softmix

#include "team.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace softmix {
namespace {

using Clock = std::chrono::steady_clock;

// Waking a thread that sleeps takes 50 µs and more; between two sweeps of a quick fit there are 200.
constexpr auto kSpin = std::chrono::microseconds(300);
constexpr auto kBetweenChecks = std::chrono::milliseconds(20);
constexpr int kLooks = 64;  // for each at the clock

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void* Memory::of_worker(int worker, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (scratch_.size() <= size_t(worker)) scratch_.resize(size_t(worker) + 1);
  std::vector<double>& own = scratch_[size_t(worker)];
  const size_t doubles = bytes / sizeof(double) + 1;
  if (own.size() < doubles) own = std::vector<double>(doubles);
  return own.data();
}

std::vector<double> Memory::zeros(size_t size) {
  std::vector<double> found;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!spare_.empty() && spare_.back().size() != size) spare_.clear();
    if (!spare_.empty()) {
      found = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  found.assign(size, 0.0);
  return found;
}

void Memory::give_back(std::vector<double>&& vector) {
  const std::lock_guard<std::mutex> lock(mutex_);
  spare_.push_back(std::move(vector));
}

Team::Team(int helpers)
    : helpers_(helpers), may_spin_(helpers < int(std::thread::hardware_concurrency())), known_(size_t(helpers)) {}

template <class Holds> bool Team::soon(Holds holds) const {
  if (!may_spin_) return holds();
  // Never by giving way to other threads: Linux makes one that does so wait for long once others are busy.
  for (const auto end = Clock::now() + kSpin; Clock::now() < end;)
    for (int look = 0; look < kLooks; ++look, pause())
      if (holds()) return true;
  return false;
}

void Team::serve(int helper) {
  Known& known = known_[size_t(helper)];
  const Visit* visit;
  for (;;) {
    const auto is_new = [&] { return round_.load(std::memory_order_acquire) != known.round; };
    const bool awake = soon(is_new);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!awake) called_.wait(lock, is_new);
      known.round = round_.load(std::memory_order_relaxed);
      if (known.calls != calls_) {
        known.calls = calls_;
        return;
      }
      visit = visit_;
      if (!visit) continue;  // it came too late: all is done
      busy_.fetch_add(1, std::memory_order_relaxed);
    }
    work(1 + helper, *visit, nullptr);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_.notify_one();
    }
  }
}

void Team::call() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++calls_;
    round_.fetch_add(1, std::memory_order_release);
  }
  called_.notify_all();
}

void Team::share(ptrdiff_t count, const Visit& visit, const std::function<void()>& check) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    visit_ = &visit;
    failed_.store(false, std::memory_order_relaxed);
    next_.store(0, std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);
    if (count > 1) round_.fetch_add(1, std::memory_order_release);
  }
  if (count > 1 && helpers_ > 0) called_.notify_all();
  work(0, visit, &check);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    visit_ = nullptr;
  }
  wait_for_helpers();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Team::work(int worker, const Visit& visit, const std::function<void()>* check) {
  auto checked = Clock::now();
  try {
    for (;;) {
      const ptrdiff_t item = next_.fetch_add(1, std::memory_order_relaxed);
      if (item >= count_.load(std::memory_order_relaxed)) return;
      visit(worker, item);
      if (check && Clock::now() - checked > kBetweenChecks) {
        (*check)();
        checked = Clock::now();
      }
    }
  } catch (...) { stop(std::current_exception()); }
}

void Team::stop(std::exception_ptr error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!error_) error_ = error;
  failed_.store(true, std::memory_order_relaxed);
  count_.store(0, std::memory_order_relaxed);
}

void Team::wait_for_helpers() {
  const auto are_done = [&] { return busy_.load(std::memory_order_acquire) == 0; };
  if (soon(are_done)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, are_done);
}

}  // namespace softmix

// Items are visited once each by any number of threads, errors come out, and sums have the bits of their tree: built
// with AddressSanitizer and UndefinedBehaviorSanitizer by `make sanitize`.
#include "team.hpp"

#include <stdexcept>
#include <thread>
#include <vector>

#include "expect_close.hpp"
#include "tree_sum.hpp"

namespace {

using softmix::expect_close;
using softmix::Team;

void no_check() {}

// A team and its threads, which end with it.
class Helped {
 public:
  explicit Helped(int helpers) : team(helpers) {
    for (int helper = 0; helper < helpers; ++helper) threads_.emplace_back([this, helper] { team.serve(helper); });
  }
  ~Helped() {
    team.call();
    for (std::thread& thread : threads_) thread.join();
  }

  Team team;

 private:
  std::vector<std::thread> threads_;
};

void check_visits(Team& team, ptrdiff_t count) {
  std::vector<int> visits(size_t(count), 0);
  team.share(count, [&](int, ptrdiff_t item) { ++visits[size_t(item)]; }, no_check);
  for (const int times : visits) expect_close("visits of an item", times, 1.0, 0.0);
}

void check_error(Team& team) {
  int caught = 0;
  const auto visit = [](int, ptrdiff_t item) {
    if (item == 5) throw std::runtime_error("torn page");
  };
  try {
    team.share(1000, visit, no_check);
  } catch (const std::runtime_error&) { ++caught; }
  expect_close("errors that came out", caught, 1.0, 0.0);
}

// Numbers whose sum depends on the order.
double number(ptrdiff_t item) { return 1.0 / double(3 + 7 * item); }

// Items 0 … count − 1 as the tree adds them: whole subtrees from the left, the lowest joins first.
double tree_total(ptrdiff_t first, ptrdiff_t count) {
  if (count == 1) return number(first);
  ptrdiff_t left = 1;
  while (2 * left < count) left *= 2;
  return tree_total(first, left) + tree_total(first + left, count - left);
}

void check_sum(Team& team, ptrdiff_t count) {
  softmix::TreeSum sum(team.memory());
  const auto visit = [&](int, ptrdiff_t item) {
    std::vector<double> one = team.memory().zeros(3);
    for (double& value : one) value += number(item);
    sum.add(item, std::move(one));
  };
  team.share(count, visit, no_check);
  for (const double value : sum.total()) expect_close("a sum", value, tree_total(0, count), 0.0);
}

}  // namespace

int main() {
  for (const int helpers : {0, 1, 2, 5}) {
    Helped helped(helpers);
    for (int again = 0; again < 50; ++again)
      for (const ptrdiff_t count : {1, 2, 3, 7, 8, 100}) {
        check_visits(helped.team, count);
        check_sum(helped.team, count);
      }
    check_error(helped.team);
    check_visits(helped.team, 10);
  }
  std::printf("team: %d failures\n", softmix::failures);
  return softmix::failures != 0;
}

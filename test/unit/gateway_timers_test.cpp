// Deadlines of a worker, without an event loop: the test is told of the timerfd by poll().
#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <vector>

#include "timers.hpp"

namespace gateway {
namespace {

using Clock = Timers::Clock;
using std::chrono::milliseconds;

// One turn of the loop, when there is one within a second.
bool turn(Timers& timers) {
  pollfd descriptor{timers.descriptor(), POLLIN, 0};
  if (poll(&descriptor, 1, 1000) != 1) return false;
  timers.on_ready({.read = true, .write = false});
  return true;
}

TEST(Timers, CallsInOrderAndNotBeforeTheTime) {
  Timers timers;
  const auto begin = Clock::now();
  std::vector<int> called;
  timers.at(begin + milliseconds(120), [&] { called.push_back(2); });
  timers.at(begin + milliseconds(10), [&] { called.push_back(1); });
  while (called.size() < 2) ASSERT_TRUE(turn(timers));
  EXPECT_EQ(called, (std::vector<int>{1, 2}));
  EXPECT_GE(Clock::now() - begin, milliseconds(120));
}

TEST(Timers, WhatACallbackAddsInThePastWaitsForTheNextTurn) {
  Timers timers;
  const auto held_up = Clock::now() - std::chrono::seconds(5);  // when the turn of this callback began
  int calls = 0;
  std::function<void()> sweep = [&] {
    ++calls;
    timers.at(held_up + milliseconds(250), sweep);
  };
  timers.at(held_up, sweep);
  ASSERT_TRUE(turn(timers));
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(turn(timers));
  EXPECT_EQ(calls, 2);
}

TEST(Timers, WhatIsDueBesideItIsCalledAllTheSame) {
  Timers timers;
  const auto held_up = Clock::now() - std::chrono::seconds(5);
  bool was_called = false;
  std::function<void()> again = [&] { timers.at(held_up, again); };
  timers.at(held_up, again);
  timers.at(held_up + milliseconds(500), [&] { was_called = true; });
  for (int turns = 0; turns < 10 && !was_called; ++turns) ASSERT_TRUE(turn(timers));
  EXPECT_TRUE(was_called);
}

}  // namespace
}  // namespace gateway

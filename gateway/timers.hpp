// Deadlines of one worker: a heap of callbacks behind one timerfd.
//
// Rounded up to a grid of 50 ms, so that thousands of deadlines cost a handful of wake-ups, and no wake-up at
// all while nothing is due. Callbacks are not cancelled: whoever asked decides, when called, whether it still
// matters.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "event_loop.hpp"

namespace gateway {

class Timers final : public Watcher {
 public:
  using Clock = EventLoop::Clock;

  Timers();  // throws std::system_error when the system gives no timerfd
  ~Timers() override;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // To be watched for reading.
  int descriptor() const { return descriptor_; }

  void at(Clock::time_point when, std::function<void()> callback);

  // Calls what is due. Callbacks may call at().
  void on_ready(Interest ready) override;

 private:
  struct Entry {
    Clock::time_point when;
    std::function<void()> callback;
  };
  static bool is_later(const Entry& left, const Entry& right) { return left.when > right.when; }
  void arm();

  int descriptor_;
  std::vector<Entry> heap_;
  Clock::time_point armed_ = Clock::time_point::max();
};

}  // namespace gateway

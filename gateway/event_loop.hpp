// What a worker's epoll offers to whatever else lives in it: the libpq connections and their timers.
#pragma once

#include <chrono>
#include <functional>

namespace gateway {

struct Interest {
  bool read = false;
  bool write = false;
};

// Told of a descriptor's readiness, on the worker's thread. Must not throw.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(Interest ready) = 0;
};

// One a worker, implemented over Pistache's epoll (server.cpp). All calls on the worker's thread, except
// those made before the worker starts.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~EventLoop() = default;

  // Level-triggered. The watcher must outlive the watch. Watching a descriptor again changes its interest.
  virtual void watch(int descriptor, Interest interest, Watcher& watcher) = 0;
  virtual void unwatch(int descriptor) = 0;

  // Sends what a corked TCP socket (TCP_CORK) holds back when this turn of the loop ends: what a turn writes
  // to it piece by piece then travels, and wakes its reader, once.
  virtual void push_after_turn(int descriptor) = 0;

  // Runs once, not before `when` (resolution 50 ms), on the worker's thread.
  virtual void at(Clock::time_point when, std::function<void()> callback) = 0;

  // The time at which this turn of the loop began: good enough for deadlines, and free.
  virtual Clock::time_point now() const = 0;
};

}  // namespace gateway

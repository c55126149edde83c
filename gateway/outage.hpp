// Whether a failure to connect is worth a line in the log: every connection of every worker meets the same
// one several times a second.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace gateway {

// One for the process. Any thread.
class Outage {
 public:
  // True for a reason that differs from the last one, and again when a minute has passed.
  bool is_news(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (reason == reason_ && now - told_at_ < std::chrono::minutes(1)) return false;
    reason_ = reason;
    told_at_ = now;
    return true;
  }

  // A connection has been made: true for the first one after a failure.
  bool is_over() {
    const std::lock_guard lock(mutex_);
    if (reason_.empty()) return false;
    reason_.clear();
    return true;
  }

 private:
  std::mutex mutex_;
  std::string reason_;  // empty: none
  std::chrono::steady_clock::time_point told_at_{};
};

inline Outage& outage() {
  static Outage instance;
  return instance;
}

}  // namespace gateway

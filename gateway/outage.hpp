// Whether a failure to connect is worth a line in the log: every connection of every worker meets the same
// one several times a second.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <utility>

namespace gateway {

// One for the process. Any thread.
class Outage {
 public:
  // True for a reason that differs from the last one, and for the same one when a minute has passed; or, when
  // a connection has been made meanwhile, five seconds: some may be made while others fail.
  bool is_news(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::seconds pause(is_told_ ? 60 : 5);
    if (reason == reason_ && now - told_at_ < pause) return false;
    reason_ = reason;
    told_at_ = now;
    is_told_ = true;
    return true;
  }

  // A connection has been made: true when the log's last word was that none can be.
  bool is_over() {
    const std::lock_guard lock(mutex_);
    return std::exchange(is_told_, false);
  }

 private:
  std::mutex mutex_;
  std::string reason_;
  std::chrono::steady_clock::time_point told_at_{};
  bool is_told_ = false;
};

inline Outage& outage() {
  static Outage instance;
  return instance;
}

}  // namespace gateway

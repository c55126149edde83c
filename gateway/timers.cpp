#include "timers.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>

#include "log.hpp"

namespace gateway {

// CLOCK_MONOTONIC is what std::chrono::steady_clock reads, so deadlines can be handed over as they are.
Timers::Timers() : descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

Timers::~Timers() { close(descriptor_); }

void Timers::at(Clock::time_point when, std::function<void()> callback) {
  constexpr Clock::duration grid = std::chrono::milliseconds(50);
  const Clock::duration since_epoch = when.time_since_epoch();
  const Clock::time_point rounded((since_epoch + grid - Clock::duration(1)) / grid * grid);
  heap_.push_back({rounded, std::move(callback)});
  std::push_heap(heap_.begin(), heap_.end(), is_later);
  if (heap_.front().when < armed_) arm();
}

void Timers::on_ready(Interest /*ready*/) {
  std::uint64_t expirations = 0;
  if (read(descriptor_, &expirations, sizeof expirations) < 0 && errno != EAGAIN) return;
  armed_ = Clock::time_point::max();
  const Clock::time_point now = Clock::now();
  // Taken out before any is called: a callback reckons from the beginning of its turn, and when that was held
  // up (a busy or paused machine), what it adds is due already, again and again.
  std::vector<Entry> due;
  while (!heap_.empty() && heap_.front().when <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    due.push_back(std::move(heap_.back()));
    heap_.pop_back();
  }
  if (!heap_.empty()) arm();
  for (const Entry& entry : due) {
    try {
      entry.callback();
    } catch (const std::exception& error) {  // the others are called all the same
      log(LogLevel::error, "a timer failed", {{"error", error.what()}});
    }
  }
}

void Timers::arm() {
  armed_ = heap_.front().when;
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(armed_.time_since_epoch()).count();
  itimerspec when{};
  when.it_value.tv_sec = nanoseconds / 1'000'000'000;
  when.it_value.tv_nsec = nanoseconds % 1'000'000'000;
  timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace gateway

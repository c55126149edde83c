#include "timers.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

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
  while (!heap_.empty() && heap_.front().when <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    const Entry due = std::move(heap_.back());
    heap_.pop_back();
    due.callback();
  }
  if (!heap_.empty() && heap_.front().when < armed_) arm();
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

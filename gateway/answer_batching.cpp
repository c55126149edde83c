#include "answer_batching.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace gateway {
namespace {

constexpr std::size_t kShare = 4;        // wake up when one in so many bytes is there
constexpr std::size_t kFewInFlight = 4;  // not worth waiting for
constexpr std::size_t kHighestMark = 16384;
constexpr std::size_t kRise = 64;  // the shortest answer is forgotten by one part in so many a time

}  // namespace

void AnswerBatching::begin(int descriptor, bool usable) {
  descriptor_ = usable ? descriptor : -1;
  mark_ = 1;
  shortest_ = 0;
}

void AnswerBatching::note_answer(std::size_t bytes) {
  shortest_ = shortest_ == 0 ? bytes : std::min(bytes, shortest_ + shortest_ / kRise + 1);
}

void AnswerBatching::wait_for(std::size_t in_flight) {
  if (descriptor_ < 0) return;
  if (in_flight <= kFewInFlight) return be_eager();
  // Part of the first answer may have been read. In steps, so that the mark is set seldom.
  const std::size_t mark = std::min((in_flight - 1) * shortest_ / kShare, kHighestMark);
  constexpr std::size_t kStep = 256;
  set_mark(static_cast<int>(std::max<std::size_t>(mark / kStep * kStep, 1)));
}

void AnswerBatching::be_eager() { set_mark(1); }

void AnswerBatching::set_mark(int bytes) {
  if (descriptor_ < 0 || bytes == mark_) return;
  if (setsockopt(descriptor_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0) mark_ = bytes;
}

}  // namespace gateway

// Waking up for several answers at a time. While many calls are in flight on one connection, the database
// sends their answers one by one, and each would wake the worker: half of its time went into that. So the
// socket is told to report itself readable only when a part of what must still come is there (SO_RCVLOWAT,
// socket(7)).
//
// How much must come is never overestimated: the part asked for is a quarter of the shortest answers of late.
// Should all answers in flight be four times shorter than any before, the worker would wait for bytes that
// never come; then the deadline check, four times a second, gives the connection back its ordinary ways
// (be_eager).
#pragma once

#include <cstddef>

namespace gateway {

class AnswerBatching {
 public:
  // A new connection; `usable` false: leave the socket alone, as with TLS, where libpq may hold bytes that
  // the kernel has given away already.
  void begin(int descriptor, bool usable);

  // An answer of about that many bytes has come.
  void note_answer(std::size_t bytes);

  // Everything that had come has been read: sets how much is worth waking up for.
  void wait_for(std::size_t in_flight);

  // Wakes up for anything.
  void be_eager();

 private:
  void set_mark(int bytes);

  int descriptor_ = -1;
  int mark_ = 1;
  std::size_t shortest_ = 0;  // of late; rises slowly, falls at once
};

}  // namespace gateway

// Logging: JSON lines on standard output, written by one background thread (spdlog), so that a slow reader of
// the log never holds up a worker: what does not fit the bounded queue is dropped and counted.
//
// Never handed to any function here: a token, password, cookie, query string, request or response body, or a
// path that matched no route (people type secrets into those).
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "settings.hpp"

namespace gateway {

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};

// Starts the background thread; lines below `level` are not written. Before it, and after stop_log(), log()
// writes to standard output at once. Call once, from main.
void start_log(LogLevel level);

// Writes what is queued and ends the background thread. Waits for the reader of standard output.
void stop_log();

bool log_enabled(LogLevel level);

// One line: {"time": …, "level": …, "message": …, <fields>}. Any thread; never blocks on output once started.
// Text is escaped; bytes that are not UTF-8 are replaced.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// A line of level "audit", written whatever the lowest level: somebody used a right that must leave a trace.
void log_audit(std::initializer_list<LogField> fields);

// Lines that were dropped because standard output was not read fast enough.
std::uint64_t dropped_log_lines();

// One answered request. Views need only live during the call.
struct AccessRecord {
  std::string_view request_id;
  std::string_view method;  // one of the known methods, or "other"
  std::string_view route;   // the pattern, or "unmatched"
  int status = 0;
  std::chrono::nanoseconds duration{};
  std::size_t bytes = 0;  // of the answer, head included
  std::string_view client_ip;
};

// A worker's access log: lines are gathered and handed to the background thread once a turn of the event
// loop.
class AccessLog {
 public:
  void add(const AccessRecord& record);
  void hand_over();

 private:
  std::string lines_;
  std::uint64_t count_ = 0;
};

}  // namespace gateway

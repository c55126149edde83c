// One statement on its way to the database and back: what a lane queues and a connection sends.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event_loop.hpp"

namespace gateway {

// Why a call has no result.
enum class Failure {
  busy,         // too many are waiting: it was not sent
  timeout,      // it waited too long for a connection: it was not sent
  unavailable,  // the database cannot be reached: it was not sent
  lost          // the connection broke after it was sent: nobody knows whether it was carried out
};

// Calls of one key have one SQL text, so a connection prepares it once. `route` 0: not worth preparing.
struct StatementKey {
  std::uint32_t route = 0;
  std::uint64_t given = 0;
  bool operator==(const StatementKey&) const = default;
};

struct StatementKeyHash {
  std::size_t operator()(const StatementKey& key) const {
    return std::hash<std::uint64_t>{}(key.given * 0x9E3779B97F4A7C15U + key.route);
  }
};

// Belongs to the worker's thread. Exactly one of on_result and on_failure is called, once, unless the client
// has left (is_wanted() is false) before it was sent: then neither.
class Call {
 public:
  virtual ~Call() = default;

  virtual StatementKey statement() const = 0;
  virtual std::string sql() const = 0;  // asked only when the connection has not prepared it
  virtual void append_parameters(std::vector<const char*>& parameters) const = 0;  // text format

  virtual bool is_wanted() const = 0;   // somebody still waits for it
  virtual bool may_repeat() const = 0;  // it writes nothing, so that it may be sent again after Failure::lost

  // The function did something that must leave a trace in the log (an INFO with SQLSTATE A0AUD), before its
  // result.
  virtual void on_audit(std::string_view) {}
  // A statement's rows (PGRES_TUPLES_OK) or its error (PGRES_FATAL_ERROR), after the transaction has ended.
  virtual void on_result(const PGresult* result) = 0;
  virtual void on_failure(Failure failure) = 0;

  EventLoop::Clock::time_point wait_until{};  // set by the lane
  bool is_repeated = false;                   // set by the lane: it was sent before
};

using CallPointer = std::unique_ptr<Call>;
using CallQueue = std::deque<CallPointer>;

}  // namespace gateway

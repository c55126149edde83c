// A queue of calls and the connections that serve it, so that slow calls only delay their own kind.
//
//   read   one connection a worker, many calls in flight in its pipeline
//   call   DB_POOL_SIZE - 2 connections at rest, one call at a time each
//   hash   one connection at rest, one call at a time
//
// When every connection of `call` or `hash` is busy and somebody waits, more are opened, DB_MAX_OVERFLOW for
// the two lanes of a worker together, and closed again when they have been idle for a while. While no
// connection can be made, calls are refused at once instead of waiting for the impossible.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "call.hpp"
#include "connection_parameters.hpp"
#include "database_connection.hpp"
#include "event_loop.hpp"
#include "metrics.hpp"

namespace gateway {

// DB_MAX_OVERFLOW of one worker, shared by its lanes.
struct OverflowBudget {
  int left = 0;
};

struct LaneOptions {
  std::string_view name;  // of static life time
  int connections_at_rest = 1;
  int maximum_overflow = 0;   // of the budget, this lane's share at most
  std::size_t in_flight = 1;  // calls at a time on one connection
  std::size_t maximum_waiting = 1024;
  std::chrono::milliseconds statement_timeout{30'000};
  std::chrono::milliseconds pool_timeout{30'000};     // the longest wait for a connection
  std::chrono::milliseconds pool_recycle{3'600'000};  // a connection older than that is replaced when idle
};

// Belongs to one worker's thread.
class Lane final : private ConnectionOwner {
 public:
  // `loop`, `budget` and `metrics` outlive the lane.
  Lane(EventLoop& loop, const std::string& database_url, const LaneOptions& options, OverflowBudget& budget,
       Metrics& metrics);
  ~Lane() override;

  // Begins to connect. `on_connected` is called whenever a connection has been made.
  void start(std::function<void()> on_connected);

  // Sends the call, or lets it wait; or fails it at once.
  void submit(CallPointer call);

  // Before all others that wait: for what must not queue behind a full lane (health, the route table).
  void submit_first(CallPointer call);

  // The database can be reached: tries at once where it was waiting to try again.
  void retry_now();

  // Some connection is made.
  bool is_connected() const;

  // No connection, and every one has failed since it last was there: calls are refused. One that was lost is
  // tried again at once, and calls wait for that, as they do before start().
  bool is_hopeless() const;

  // Makes no new connection from now on; calls that wait or are in flight are still answered.
  void stop() { is_stopping_ = true; }

 private:
  struct Slot {
    std::unique_ptr<DatabaseConnection> connection;
    bool is_overflow = false;
    int failures = 0;  // attempts to connect in a row
  };

  void on_connected(DatabaseConnection& connection) override;
  void on_answered(DatabaseConnection& connection) override;
  void on_closed(DatabaseConnection& connection, Closing closing, CallQueue unanswered,
                 const std::string& reason) override;

  Slot& add_slot(bool is_overflow);
  Slot& slot_of(const DatabaseConnection& connection);
  DatabaseConnection* free_connection();
  void admit(CallPointer call, bool first);
  void dispatch();
  void add_overflow();
  void reopen(DatabaseConnection& connection, int failures);
  void settle_unanswered(CallQueue unanswered);
  void fail(Call& call, Failure failure);
  void fail_waiting(Failure failure);
  void sweep();
  void sweep_later();
  void report();

  EventLoop& loop_;
  const LaneOptions options_;
  const ConnectionParameters parameters_;
  OverflowBudget& budget_;
  std::function<void()> connected_callback_;
  std::vector<Slot> slots_;
  CallQueue waiting_;
  int overflow_ = 0;
  bool is_stopping_ = false;
  EventLoop::Clock::time_point no_overflow_before_{};

  const LaneMetrics metrics_;

  // What this lane has last added to the process's gauges.
  struct Reported {
    double busy = 0, idle = 0, connecting = 0, in_flight = 0, waiting = 0;
  };
  Reported reported_;

  // Timers of the event loop cannot be taken back: each looks here first.
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace gateway

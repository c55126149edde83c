// One libpq connection in pipeline mode, living in a worker's event loop. Nothing here blocks.
//
//   closed ──open()──► connecting ──► ready ──retire()──► retiring (empties) ──► closed
//      ▲                   │            │
//      └────── lost ───────┴────────────┘      the owner is told, with every unanswered call
//
// Each call is Parse (the first time), Bind, Execute and its own Sync: one call, one transaction, so an error
// concerns nobody else. Results come in the order of sending; a call is answered at its Sync, when the
// transaction has really been committed. Whatever does not fit that order means that the connection can no
// longer be trusted to say whose result is whose: it is dropped and all its calls are unanswered.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "answer_batching.hpp"
#include "call.hpp"
#include "connection_attempt.hpp"
#include "connection_parameters.hpp"
#include "event_loop.hpp"
#include "host_lookup.hpp"
#include "postgres.hpp"

namespace gateway {

class DatabaseConnection;

enum class Closing {
  not_made,  // an attempt to connect has failed
  lost,      // it broke
  retired    // as wished, when it was empty
};

// Told on the worker's thread; may call the connection back.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void on_connected(DatabaseConnection& connection) = 0;
  // There is room for a call again.
  virtual void on_answered(DatabaseConnection& connection) = 0;
  // `reason` is libpq's text, for the log only. `unanswered`: oldest first.
  virtual void on_closed(DatabaseConnection& connection, Closing closing, CallQueue unanswered,
                         const std::string& reason) = 0;
};

class DatabaseConnection final : public Watcher {
 public:
  enum class State { closed, connecting, ready, retiring };

  // All references outlive the connection. `capacity`: calls in flight at a time.
  DatabaseConnection(EventLoop& loop, const ConnectionParameters& parameters, std::size_t capacity,
                     ConnectionOwner& owner);
  ~DatabaseConnection() override;
  DatabaseConnection(const DatabaseConnection&) = delete;
  DatabaseConnection& operator=(const DatabaseConnection&) = delete;

  // Begins to connect; only when closed. on_connected or on_closed follows, at once or later.
  void open();

  bool can_take() const { return state_ == State::ready && !is_broken_ && in_flight_.size() < capacity_; }

  // Sends a call; only when can_take(). If that breaks the connection, is_broken() says so and
  // check_deadlines() closes it: not this function, which may be running inside one of the connection's own
  // callbacks.
  void send(CallPointer call);

  // Takes no more calls and closes when the last one is answered.
  void retire();

  bool is_broken() const { return is_broken_; }

  // Gives up what is broken or has taken too long: connecting, or the oldest call in flight. Call it now and
  // then.
  void check_deadlines();

  void on_ready(Interest ready) override;

  State state() const { return state_; }
  std::size_t in_flight() const { return in_flight_.size(); }
  EventLoop::Clock::time_point opened_at() const { return opened_at_; }
  EventLoop::Clock::time_point idle_since() const { return idle_since_; }

 private:
  struct InFlight {
    CallPointer call;
    StatementKey key;
    bool awaits_prepare;
    bool is_named;  // runs a prepared statement
    EventLoop::Clock::time_point sent_at;
    Result result;  // until the Sync confirms it
  };

  void start(const std::vector<HostAddress>& entries);
  void continue_connecting();
  void follow_attempt();
  bool send_statement(const Call& call, InFlight& entry);
  bool read_results();              // false: closed
  bool take_result(Result result);  // false: closed
  void take_notice(const PGresult* notice);
  void finish_call();
  void flush();
  void cork();
  void notice_lost_socket();
  void watch(int descriptor, Interest interest);
  void unwatch();
  void close(const std::string& reason);

  EventLoop& loop_;
  const ConnectionParameters& parameters_;
  const std::size_t capacity_;
  ConnectionOwner& owner_;
  State state_ = State::closed;
  std::unique_ptr<HostLookup> lookup_;          // the first part of connecting, when the host is a name
  std::unique_ptr<ConnectionAttempt> attempt_;  // the second
  Connection connection_;
  int watched_ = -1;  // the descriptor in the event loop
  Interest interest_;
  bool is_broken_ = false;
  bool is_corked_ = false;
  AnswerBatching batching_;
  EventLoop::Clock::time_point opened_at_{}, idle_since_{};
  std::deque<InFlight> in_flight_;
  std::unordered_map<StatementKey, std::string, StatementKeyHash> prepared_;  // name of each
  bool has_forgetful_server_ = false;  // it does not keep prepared statements for us
  std::vector<const char*> pointers_;  // reused by send
};

}  // namespace gateway

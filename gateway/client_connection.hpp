// One client connection: reads requests, hands them to the application one at a time, writes the answers.
//
// All of it happens on the worker's thread. States, and what leads from one to the next:
//
//   reading_head --head--> reading_body --body--> in_flight --answer--> reading_head      (keep-alive)
//        |                      |                     |
//        +------- refusal ------+---------------------+--answer--> lingering --> closed   (Connection: close)
//
//   An answer that the kernel does not take whole passes through `writing` first.
//
// Invariants:
// 1. One request is in flight at most; what a client sends meanwhile stays in the kernel, so that a
// connection holds
//    no more than one request and one answer.
// 2. While reading nothing, a connection owns no buffer: input is read into the worker's, and only what is
// left of an
//    incomplete request is kept.
// 3. A refused request closes the connection, since where the next one begins cannot be known. Closing is
// half a
//    close first: the client can read the answer although it is still sending (RFC 9112 section 9.6).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "application.hpp"
#include "client_address.hpp"
#include "framer.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "settings.hpp"

namespace gateway {

class ClientConnection;
class PendingExchange;

// What a connection asks of the worker that owns it.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;

  // Tells of the descriptor's readiness again, also of writability when `write`, even if it has been told
  // before.
  virtual void rearm(const ClientConnection& connection, bool write) = 0;

  // Calls advance() before this turn of the loop ends.
  virtual void resume(const ClientConnection& connection) = 0;

  // Closes the descriptor when this turn of the loop ends.
  virtual void remove(const ClientConnection& connection) = 0;
};

// What the connections of one worker share.
struct Workbench {
  ConnectionHost& host;
  EventLoop& loop;
  const Settings& settings;
  const std::atomic<bool>& stopping;
  RequestMetrics request_metrics;
  AccessLog access_log;
  std::unique_ptr<Application> application;
  std::vector<char> input;  // read buffer; holds nothing between two calls
  std::string output;       // an answer being written; holds nothing between two calls
  Request request;          // likewise
  std::string id_prefix;    // of the request ids made here
  std::uint64_t next_id = 0;
};

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  // `descriptor` stays the worker's. `is_admin`: came in by the loopback-only port, which knows two paths
  // only.
  ClientConnection(int descriptor, const IpAddress& peer, bool is_admin, Workbench& workbench);

  int descriptor() const { return descriptor_; }

  // Begins to wait for the first request.
  void start();

  // What the kernel says of the descriptor. `has_ended`: the client will send no more; `is_gone`: nor
  // receive.
  struct Readiness {
    bool read = false;
    bool write = false;
    bool has_ended = false;
    bool is_gone = false;
  };
  void on_ready(Readiness ready);

  // Goes on with whatever can be gone on with. Not to be called from within the application.
  void advance();

  // The server is stopping: closes when idle; otherwise the next answer will be the last.
  void on_stop();

  // One connection too many, or too late: says why and closes.
  void turn_away(std::string_view why);

  // Closes without another word.
  void close();

 private:
  friend class PendingExchange;
  enum class State { reading_head, reading_body, in_flight, writing, lingering, closed };
  enum class Deadline { none, idle, head, body, write, linger };

  void receive();
  std::size_t process(std::span<char> received);
  bool begin_request(std::span<char> received);
  void hand_over_request(std::span<char> received);
  void fill_request(std::span<char> received, std::string_view body);
  void refuse(int status, std::string_view detail);
  void respond(PendingExchange& exchange, const Reply& reply);
  void record(const PendingExchange& exchange, int status, std::size_t bytes);
  void write(std::string_view bytes);
  void flush();
  void finish_answer();
  void linger();
  void discard();
  void schedule();
  void set_deadline(Deadline deadline);
  void on_timer();
  bool is_idle() const { return state_ == State::reading_head && pending_.empty(); }

  Workbench& workbench_;
  const int descriptor_;
  const IpAddress peer_;
  const bool is_admin_;
  State state_ = State::reading_head;
  Deadline deadline_ = Deadline::none;
  bool is_readable_ = true;  // the kernel may hold input (told by an edge, forgotten by an empty read)
  bool has_ended_ = false;   // the client sends no more
  bool has_left_ = false;    // and that became known while a request was in flight
  bool keep_alive_ = true;
  bool advancing_ = false;
  Framer framer_;
  std::string pending_;   // the beginning of the next request
  std::string unsent_;    // an answer that the kernel has not taken whole
  std::size_t sent_ = 0;  // bytes of it that it has
  std::shared_ptr<PendingExchange> awaiting_body_;
  PendingExchange* current_ = nullptr;  // the unanswered one; owned by the application
  std::string client_ip_;               // of the current request
  std::size_t discarded_ = 0;
  EventLoop::Clock::time_point due_;
  EventLoop::Clock::time_point scheduled_ =
      EventLoop::Clock::time_point::max();  // earliest call of on_timer()
};

}  // namespace gateway

#include "client_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "pending_exchange.hpp"

namespace gateway {
namespace {

constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t linger_bytes = 1 << 20;  // a client that still sends more than this is cut off
constexpr int client_closed_request = 499;     // nginx's status for the log; never sent

// Visible ASCII, but for what the log, which is JSON, would have to escape.
bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

std::string make_request_id(Workbench& workbench) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ++workbench.next_id, 16).ptr;
  return workbench.id_prefix + std::string(digits.data(), end);
}

}  // namespace

ClientConnection::ClientConnection(int descriptor, const IpAddress& peer, bool is_admin, Workbench& workbench)
    : workbench_(workbench),
      descriptor_(descriptor),
      peer_(peer),
      is_admin_(is_admin),
      client_ip_(to_string(peer)) {}

void ClientConnection::start() { set_deadline(Deadline::idle); }

void ClientConnection::on_ready(Readiness ready) {
  if (ready.is_gone) return close();
  is_readable_ = is_readable_ || ready.read || ready.has_ended;
  has_ended_ = has_ended_ || ready.has_ended;
  has_left_ = has_left_ || (ready.has_ended && state_ == State::in_flight);
  if (ready.write && state_ == State::writing) flush();
  advance();
}

void ClientConnection::advance() {
  if (advancing_) return;
  advancing_ = true;
  const bool is_reading = state_ == State::reading_head || state_ == State::reading_body;
  if (is_reading && !pending_.empty()) {  // pipelined, and not looked at yet
    const std::size_t consumed = process(pending_);
    pending_.erase(0, consumed);
  }
  while (is_readable_ && (state_ == State::reading_head || state_ == State::reading_body)) {
    receive();
    // The others are waiting: a client that keeps the buffer full is gone on with in the next turn.
    if (is_readable_ && !has_ended_) {
      workbench_.host.rearm(*this, false);
      break;
    }
  }
  if (state_ == State::lingering && is_readable_) discard();
  if (pending_.empty()) pending_.shrink_to_fit();
  if (state_ == State::reading_head && !pending_.empty() && deadline_ != Deadline::head)
    set_deadline(Deadline::head);
  advancing_ = false;
}

// Reads once, and takes from it all requests that can be answered at once.
void ClientConnection::receive() {
  std::vector<char>& buffer = workbench_.input;
  const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EINTR) return;
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    is_readable_ = false;
    return;
  }
  if (count <= 0) return close();
  // A short read has emptied the kernel's buffer: more will come with an edge of its own. The end came with
  // this one.
  const auto size = static_cast<std::size_t>(count);
  if (size < buffer.size() && !has_ended_) is_readable_ = false;
  if (pending_.empty()) {
    const std::size_t consumed = process({buffer.data(), size});
    pending_.assign(buffer.data() + consumed, size - consumed);
  } else {
    pending_.append(buffer.data(), size);
    pending_.erase(0, process(pending_));
  }
}

// Returns how many of the bytes belong to requests that are done with.
std::size_t ClientConnection::process(std::span<char> received) {
  std::size_t consumed = 0;
  while (consumed < received.size()) {
    const std::span<char> rest = received.subspan(consumed);
    if (state_ == State::reading_head) {
      const Framer::Outcome outcome = framer_.parse(rest);
      if (outcome == Framer::Outcome::incomplete) break;
      if (outcome == Framer::Outcome::refused) {
        refuse(framer_.status(), framer_.detail());
      } else if (begin_request(rest)) {
        state_ = State::reading_body;
      }
    }
    if (state_ == State::reading_body) {
      if (rest.size() < framer_.head().size + framer_.head().content_length) break;
      hand_over_request(rest);
    }
    if (!keep_alive_ || state_ == State::closed) return received.size();  // what follows is never looked at
    consumed += framer_.head().size + framer_.head().content_length;
    framer_.reset();
    if (state_ != State::reading_head) break;  // one at a time
  }
  return consumed;
}

// The head is there. False when the request is answered without the application's handle().
bool ClientConnection::begin_request(std::span<char> received) {
  const Head& head = framer_.head();
  const bool is_complete = received.size() >= head.size && received.size() - head.size >= head.content_length;
  fill_request(received, {});
  Request& request = workbench_.request;
  const std::string_view given_id = request.header("x-request-id");
  const auto exchange = std::make_shared<PendingExchange>(
      *this, head.method.of(received.data()),
      is_request_id(given_id) ? std::string(given_id) : make_request_id(workbench_));
  request.request_id = exchange->request_id();
  current_ = exchange.get();
  keep_alive_ = head.keep_alive;
  has_left_ = false;

  Admission admission;
  if (request.path == "*") {
    admission.refusal = Reply{204, "", "", {{"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}}};
  } else if (is_admin_ && request.path != "/metrics" && request.path != "/api/health/ready") {
    admission.refusal = problem(404, "This port answers /metrics and /api/health/ready");
  } else {
    try {
      admission = workbench_.application->admit(request, *exchange);
    } catch (const std::exception& error) {
      log(LogLevel::error, "request failed",
          {{"request_id", exchange->request_id()}, {"error", error.what()}});
      admission.refusal = problem(500, "The request could not be answered");
    }
  }
  if (!admission.refusal && head.content_length > admission.maximum_body) {
    admission.refusal = problem(413, "The body is larger than this path accepts");
  }
  if (admission.refusal) {
    keep_alive_ = keep_alive_ && is_complete;
    exchange->answer(std::move(*admission.refusal));
    return false;
  }
  awaiting_body_ = exchange;
  if (!is_complete) {
    set_deadline(Deadline::body);
    constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    if (head.expects_continue)
      ::send(descriptor_, interim.data(), interim.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return true;
}

void ClientConnection::hand_over_request(std::span<char> received) {
  const Head& head = framer_.head();
  fill_request(received, std::string_view(received.data() + head.size, head.content_length));
  const auto exchange = std::move(awaiting_body_);
  awaiting_body_.reset();
  Request& request = workbench_.request;
  request.request_id = exchange->request_id();
  state_ = State::in_flight;
  set_deadline(Deadline::none);
  try {
    workbench_.application->handle(request, exchange);
  } catch (const std::exception& error) {
    log(LogLevel::error, "request failed", {{"request_id", exchange->request_id()}, {"error", error.what()}});
    exchange->answer(problem(500, "The request could not be answered"));
  }
}

void ClientConnection::fill_request(std::span<char> received, std::string_view body) {
  const Head& head = framer_.head();
  const char* bytes = received.data();
  Request& request = workbench_.request;
  request.method = head.method.of(bytes);
  if (request.method == "HEAD") request.method = "GET";  // the answer is written without its body
  request.path = head.path.of(bytes);
  request.query = head.query.of(bytes);
  request.body = body;
  request.headers.clear();
  for (const auto& [name, value] : head.fields) request.headers.emplace_back(name.of(bytes), value.of(bytes));

  const std::string_view root = workbench_.settings.root_path;
  if (!root.empty() && request.path.substr(0, root.size()) == root) {
    const std::string_view rest = request.path.substr(root.size());
    if (rest.empty()) request.path = "/";
    if (!rest.empty() && rest.front() == '/') request.path = rest;
  }
  if (!workbench_.settings.trusted_proxies.empty()) {
    std::string forwarded_for;
    for (const auto& [name, value] : request.headers) {
      if (name == "x-forwarded-for") forwarded_for.append(forwarded_for.empty() ? "" : ",").append(value);
    }
    client_ip_ = to_string(client_address(peer_, forwarded_for, workbench_.settings.trusted_proxies));
  }
  request.client_ip = client_ip_;
}

void ClientConnection::refuse(int status, std::string_view detail) {
  const auto exchange = awaiting_body_
                            ? std::move(awaiting_body_)
                            : std::make_shared<PendingExchange>(*this, "", make_request_id(workbench_));
  awaiting_body_.reset();
  current_ = exchange.get();
  keep_alive_ = false;
  exchange->answer(problem(status, detail));
}

void ClientConnection::respond(PendingExchange& exchange, const Reply& reply) {
  if (current_ != &exchange) return;
  current_ = nullptr;
  if (workbench_.stopping) keep_alive_ = false;
  std::string& out = workbench_.output;
  out.clear();
  append_response(out, reply, exchange.request_id(), keep_alive_, exchange.method() == "HEAD");
  record(exchange, reply.status, out.size());
  write(out);
  constexpr std::size_t largest_kept = 65536;
  if (out.capacity() > largest_kept) out = std::string();
  if (!advancing_ && (is_readable_ || !pending_.empty())) workbench_.host.resume(*this);
}

void ClientConnection::record(const PendingExchange& exchange, int status, std::size_t bytes) {
  const auto duration = EventLoop::Clock::now() - exchange.began();
  workbench_.request_metrics.count(exchange.route(), exchange.method(), status, duration);
  workbench_.access_log.add(
      {exchange.request_id(), exchange.method(), exchange.route(), status, duration, bytes, client_ip_});
}

// Sends what the kernel takes now and keeps the rest.
void ClientConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      unsent_.assign(bytes);
      state_ = State::writing;
      set_deadline(Deadline::write);
      return workbench_.host.rearm(*this, true);
    } else if (errno != EINTR) {
      return close();  // the client is gone
    }
  }
  finish_answer();
}

// Goes on sending. Every piece that the client takes gives it more time.
void ClientConnection::flush() {
  while (sent_ < unsent_.size()) {
    const ssize_t count =
        ::send(descriptor_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
      set_deadline(Deadline::write);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;  // the next edge will tell
    } else if (errno != EINTR) {
      return close();
    }
  }
  unsent_ = std::string();
  sent_ = 0;
  workbench_.host.rearm(*this, false);
  finish_answer();
}

void ClientConnection::finish_answer() {
  if (!keep_alive_) return linger();
  state_ = State::reading_head;
  set_deadline(Deadline::idle);
}

void ClientConnection::linger() {
  ::shutdown(descriptor_, SHUT_WR);
  state_ = State::lingering;
  set_deadline(Deadline::linger);
}

// Reads what a lingering client still sends, so that closing does not reset the connection under its last
// answer.
void ClientConnection::discard() {
  std::vector<char>& buffer = workbench_.input;
  while (state_ == State::lingering) {
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      is_readable_ = false;
      return;
    }
    discarded_ += count > 0 ? static_cast<std::size_t>(count) : 0;
    if (count <= 0 || discarded_ > linger_bytes) close();
  }
}

void ClientConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  set_deadline(Deadline::none);
  if (current_ != nullptr) {
    record(*current_, client_closed_request, 0);
    current_ = nullptr;
  }
  awaiting_body_.reset();
  workbench_.host.remove(*this);
}

void ClientConnection::on_stop() {
  advance();  // a request may have come just now
  if (is_idle()) linger();
}

void ClientConnection::turn_away(std::string_view why) {
  refuse(503, why);
  close();
}

// Deadlines mostly move away (idle, again and again), so a timer that is already set is left to fire and look
// anew.
void ClientConnection::set_deadline(Deadline deadline) {
  const Settings& settings = workbench_.settings;
  deadline_ = deadline;
  std::chrono::milliseconds span{};
  switch (deadline) {
    case Deadline::none:
      due_ = EventLoop::Clock::time_point::max();
      return;
    case Deadline::idle:
      span = settings.idle_timeout;
      break;
    case Deadline::head:
      span = settings.header_timeout;
      break;
    case Deadline::body:
      span = settings.body_timeout;
      break;
    case Deadline::write:
      span = settings.write_timeout;
      break;
    case Deadline::linger:
      span = linger_time;
      break;
  }
  due_ = workbench_.loop.now() + span;
  if (due_ < scheduled_) schedule();
}

void ClientConnection::schedule() {
  scheduled_ = due_;
  workbench_.loop.at(due_, [weak = weak_from_this()] {
    if (const auto connection = weak.lock()) connection->on_timer();
  });
}

void ClientConnection::on_timer() {
  scheduled_ = EventLoop::Clock::time_point::max();
  if (deadline_ == Deadline::none) return;
  if (due_ > workbench_.loop.now()) return schedule();
  switch (deadline_) {
    case Deadline::head:
      return refuse(408, "The head of the request did not arrive in time");
    case Deadline::body:
      return refuse(408, "The body of the request did not arrive in time");
    case Deadline::idle:
      return linger();
    default:
      return close();
  }
}

}  // namespace gateway

// One attempt to connect to the first host that answers and suits (target_session_attrs), without blocking.
//
// libpq does the work. It leaves three things out in its non-blocking interface, and they are here:
// 1. connect_timeout. A host that accepts and says nothing would hide those after it: it is left out when its
//    time is up, and the others are tried.
// 2. The reason why a server's certificate was refused.
// 3. The SQLSTATE of the server's refusal, so that it is understood in every language.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connection_parameters.hpp"
#include "host_lookup.hpp"
#include "postgres.hpp"

namespace gateway {

class ConnectionAttempt {
 public:
  using Clock = std::chrono::steady_clock;

  // What must happen next: the socket be readable, or writable; or nothing, because it is over.
  enum class Progress { reading, writing, connected, failed };

  // Begins. `parameters` outlive it; `entries` are its hosts, looked up.
  ConnectionAttempt(const ConnectionParameters& parameters, std::vector<HostAddress> entries,
                    Clock::time_point now);

  Progress progress() const { return progress_; }
  int socket() const { return PQsocket(connection_.get()); }

  // Goes on. libpq may close its socket meanwhile and open another, maybe under the same number.
  void proceed(Clock::time_point now);

  // The host that is being tried has been silent for too long; try_others() leaves it out.
  bool is_overdue(Clock::time_point now) const;
  Clock::time_point deadline() const { return host_since_ + parameters_.connect_timeout(); }
  void try_others(Clock::time_point now);

  // Once connected.
  Connection take() { return std::move(connection_); }

  // Once failed: what each host said, a line each, for the operator.
  const std::string& failure() const { return failure_; }

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void begin(Clock::time_point now);
  void fail(Clock::time_point now);
  void follow_handshake();
  std::string current_host() const;

  const ConnectionParameters& parameters_;
  std::vector<HostAddress> entries_;
  Connection connection_;
  Progress progress_ = Progress::failed;
  Clock::time_point host_since_{};
  std::string host_;  // that is being tried, as text
  std::unique_ptr<SSL, SslDeleter> handshake_;
  std::string certificate_problem_;
  bool has_begun_again_ = false;
  std::string failure_;
};

}  // namespace gateway

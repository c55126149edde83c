#include "connection_attempt.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace gateway {
namespace {

constexpr std::string_view kUntrusted = "certificate verify failed";

// libpq's text without the places in the server's source code that its verbose form tells.
std::string without_locations(const char* text) {
  std::istringstream lines(text == nullptr ? "" : text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("LOCATION:")) continue;
    if (!kept.empty()) kept.push_back('\n');
    kept.append(line);
  }
  return kept;
}

}  // namespace

ConnectionAttempt::ConnectionAttempt(const ConnectionParameters& parameters, std::vector<HostAddress> entries,
                                     Clock::time_point now)
    : parameters_(parameters), entries_(std::move(entries)) {
  begin(now);
}

void ConnectionAttempt::begin(Clock::time_point now) {
  host_since_ = now;
  handshake_.reset();
  certificate_problem_.clear();
  connection_ = parameters_.start(entries_);
  host_ = current_host();
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) return fail(now);
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  progress_ = Progress::writing;  // as if PQconnectPoll had said PGRES_POLLING_WRITING
}

void ConnectionAttempt::proceed(Clock::time_point now) {
  const PostgresPollingStatusType status = PQconnectPoll(connection_.get());
  follow_handshake();
  if (std::string host = current_host(); host != host_) {
    host_ = std::move(host);
    host_since_ = now;
  }
  switch (status) {
    case PGRES_POLLING_READING:
      progress_ = Progress::reading;
      return;
    case PGRES_POLLING_WRITING:
      progress_ = Progress::writing;
      return;
    case PGRES_POLLING_OK:
      PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
      progress_ = Progress::connected;
      return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
      break;
  }
  fail(now);
}

// libpq frees its SSL object when the handshake fails and keeps no reason, so a reference is held meanwhile.
void ConnectionAttempt::follow_handshake() {
  auto* current = static_cast<SSL*>(PQgetssl(connection_.get()));
  if (current == handshake_.get()) return;
  if (handshake_) {
    const long result = SSL_get_verify_result(handshake_.get());
    if (result != X509_V_OK) certificate_problem_ = X509_verify_cert_error_string(result);
  }
  if (current != nullptr) SSL_up_ref(current);
  handshake_.reset(current);
}

void ConnectionAttempt::fail(Clock::time_point now) {
  std::string text = connection_ ? without_locations(PQerrorMessage(connection_.get())) : "out of memory";
  if (const auto place = text.find(kUntrusted); place != std::string::npos) {
    // The whole handshake may have gone by in one step: then there was no moment to take hold of it.
    if (certificate_problem_.empty() && !has_begun_again_) {
      has_begun_again_ = true;
      return begin(now);
    }
    if (!certificate_problem_.empty()) {
      text.insert(place + kUntrusted.size(), " (" + certificate_problem_ + ")");
    }
  }
  if (!failure_.empty()) failure_.push_back('\n');
  failure_.append(text);
  progress_ = Progress::failed;
  connection_.reset();
}

bool ConnectionAttempt::is_overdue(Clock::time_point now) const {
  return progress_ != Progress::connected && progress_ != Progress::failed && now > deadline();
}

void ConnectionAttempt::try_others(Clock::time_point now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(parameters_.connect_timeout());
  if (!failure_.empty()) failure_.push_back('\n');
  failure_.append("no answer from ")
      .append(host_)
      .append(" within ")
      .append(std::to_string(seconds.count()))
      .append(" s");
  const auto silent = std::find_if(entries_.begin(), entries_.end(), [this](const HostAddress& entry) {
    const auto is = [](const std::string& given, const char* used) { return given.empty() || given == used; };
    return is(entry.host, PQhost(connection_.get())) && is(entry.address, PQhostaddr(connection_.get())) &&
           is(entry.port, PQport(connection_.get()));
  });
  if (silent == entries_.end()) {
    entries_.clear();
  } else {
    entries_.erase(silent);
  }
  connection_.reset();
  progress_ = Progress::failed;
  if (!entries_.empty()) begin(now);
}

std::string ConnectionAttempt::current_host() const {
  if (!connection_) return {};
  std::string text = PQhost(connection_.get()) == nullptr ? "" : PQhost(connection_.get());
  const std::string address = PQhostaddr(connection_.get()) == nullptr ? "" : PQhostaddr(connection_.get());
  if (!address.empty() && address != text) text.append(" (").append(address).append(")");
  return text.append(", port ").append(PQport(connection_.get()) == nullptr ? "" : PQport(connection_.get()));
}

}  // namespace gateway

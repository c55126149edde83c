// How the gateway's connections to PostgreSQL are opened: the operator's URL (and what libpq adds to it from
// the environment and a service file) plus what we add.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "host_lookup.hpp"
#include "postgres.hpp"

namespace gateway {

class ConnectionParameters {
 public:
  // `database_url`: as libpq reads it. Added: application_name, UTF-8, a statement_timeout (0: none), and
  // limits that notice a dead peer, where the operator says nothing of them. Throws std::runtime_error when
  // libpq cannot make sense of the URL.
  ConnectionParameters(const std::string& database_url, std::chrono::milliseconds statement_timeout);

  // Where to connect, names not yet looked up. At least one entry.
  const std::vector<HostAddress>& hosts() const { return hosts_; }

  // PQconnectStartParams to these entries, in this order; null when memory is short.
  Connection start(const std::vector<HostAddress>& entries) const;

  std::chrono::milliseconds statement_timeout() const { return statement_timeout_; }

  // How long one address may keep silent.
  std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }

 private:
  void add(const char* keyword, std::string value);

  std::chrono::milliseconds statement_timeout_;
  std::chrono::milliseconds connect_timeout_{5000};
  std::vector<std::pair<const char*, std::string>> parameters_;
  std::vector<HostAddress> hosts_;
};

}  // namespace gateway

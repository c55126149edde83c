// How the gateway's connections to PostgreSQL are opened: the operator's URL plus what we add to it.
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
  // `database_url`: as libpq reads it. Added: application_name, UTF-8, a statement_timeout, and limits that
  // notice a dead peer, where the URL says nothing of them. Throws std::runtime_error when libpq cannot read
  // the URL.
  ConnectionParameters(const std::string& database_url, std::chrono::milliseconds statement_timeout);

  // The hosts and ports that the URL names (PGHOST and PGPORT where it names none).
  const std::vector<std::string>& hosts() const { return hosts_; }
  const std::vector<std::string>& ports() const { return ports_; }

  // PQconnectStartParams; null when memory is short. `addresses` are those of hosts(), or empty when none of
  // them is a name.
  Connection start(const HostAddresses& addresses) const;

  std::chrono::milliseconds statement_timeout() const { return statement_timeout_; }
  std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }

 private:
  void add(const char* keyword, std::string value);

  std::chrono::milliseconds statement_timeout_;
  std::chrono::milliseconds connect_timeout_{5000};
  std::vector<std::pair<const char*, std::string>> parameters_;
  std::vector<std::string> hosts_, ports_;
};

}  // namespace gateway

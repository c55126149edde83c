// How the gateway's connections to PostgreSQL are opened: the operator's URL plus what we add to it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gateway {

class ConnectionParameters {
 public:
  // `database_url`: as libpq reads it. Added: application_name, UTF-8, a statement_timeout, and limits that
  // notice a dead peer, where the URL says nothing of them. Throws std::runtime_error when libpq cannot read
  // the URL.
  ConnectionParameters(const std::string& database_url, std::chrono::milliseconds statement_timeout);

  // NULL-terminated, for PQconnectStartParams with expand_dbname.
  const char* const* keywords() const { return keywords_.data(); }
  const char* const* values() const { return pointers_.data(); }

  std::chrono::milliseconds statement_timeout() const { return statement_timeout_; }
  std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }

 private:
  void add(const char* keyword, std::string value);

  std::chrono::milliseconds statement_timeout_;
  std::chrono::milliseconds connect_timeout_{5000};
  std::vector<const char*> keywords_;
  std::vector<std::string> values_;
  std::vector<const char*> pointers_;
};

}  // namespace gateway

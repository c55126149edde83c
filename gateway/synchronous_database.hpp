// A plain blocking connection for the subcommands that an operator runs by hand.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "postgres.hpp"

namespace gateway {

// Something an operator must deal with; what() says what happened and what to do.
struct OperatorError : std::runtime_error {
  using std::runtime_error::runtime_error;
  explicit OperatorError(std::string_view message) : std::runtime_error(std::string(message)) {}
};

class SynchronousDatabase {
 public:
  // Connects as "auth-gateway". Throws OperatorError.
  explicit SynchronousDatabase(const std::string& database_url);

  // Runs one statement with bound parameters. Throws OperatorError with the server's message, its hint, and
  // advice of ours for what operators usually meet.
  Result query(const std::string& sql, const std::vector<std::string>& parameters = {});

  std::string quote_identifier(const std::string& name);

  // For what libpq knows of it.
  PGconn* connection() const { return connection_.get(); }

 private:
  Connection connection_;
};

// Connects, runs `work`, prints an OperatorError on standard error. Returns the process's exit code, 0 or 1.
int run_for_operator(const std::string& database_url, const std::function<void(SynchronousDatabase&)>& work);

}  // namespace gateway

#include "synchronous_database.hpp"

#include <poll.h>

#include <algorithm>
#include <iostream>

#include "connection_advice.hpp"
#include "connection_attempt.hpp"

namespace gateway {
namespace {

void print_notice(void*, const PGresult* notice) {
  if (const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)) std::cerr << message << '\n';
}

std::string without_line_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Waits until the attempt's socket is ready, or its time is up.
void wait_for(const ConnectionAttempt& attempt) {
  using std::chrono::milliseconds;
  const auto left = attempt.deadline() - ConnectionAttempt::Clock::now();
  const auto rounded = std::chrono::ceil<milliseconds>(left) + milliseconds(1);
  const bool reads = attempt.progress() == ConnectionAttempt::Progress::reading;
  pollfd socket{attempt.socket(), static_cast<short>(reads ? POLLIN : POLLOUT), 0};
  poll(&socket, 1, std::max(0, static_cast<int>(rounded.count())));
}

Connection connect(const std::string& database_url) {
  using Progress = ConnectionAttempt::Progress;
  const ConnectionParameters parameters(database_url, std::chrono::milliseconds{0});
  const HostAddresses found = resolve_hosts(parameters.hosts());
  std::string failure = found.error;
  if (!found.entries.empty()) {
    ConnectionAttempt attempt(parameters, found.entries, ConnectionAttempt::Clock::now());
    while (attempt.progress() == Progress::reading || attempt.progress() == Progress::writing) {
      wait_for(attempt);
      const auto now = ConnectionAttempt::Clock::now();
      if (attempt.is_overdue(now)) {
        attempt.try_others(now);
      } else {
        attempt.proceed(now);
      }
    }
    if (attempt.progress() == Progress::connected) return attempt.take();
    failure = attempt.failure();
  }
  const std::string advice = connection_advice(failure);
  throw OperatorError("Cannot connect to the database: " + failure + (advice.empty() ? "" : "\n") + advice +
                      "\nSQLALCHEMY_DATABASE_URL says where it is.");
}

}  // namespace

SynchronousDatabase::SynchronousDatabase(const std::string& database_url)
    : connection_(connect(database_url)) {
  PQsetNoticeReceiver(connection_.get(), print_notice, nullptr);
}

Result SynchronousDatabase::query(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  Result result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                             values.data(), nullptr, nullptr, 0));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return result;
  const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  std::string text = message != nullptr ? message : without_line_end(PQerrorMessage(connection_.get()));
  if (const char* hint = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_HINT))
    text.append("\n").append(hint);
  if (const std::string_view more = statement_advice(sqlstate_of(result.get())); !more.empty())
    text.append("\n").append(more);
  throw OperatorError(text);
}

std::string SynchronousDatabase::quote_identifier(const std::string& name) {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
      PQescapeIdentifier(connection_.get(), name.data(), name.size()), PQfreemem);
  if (!quoted) throw OperatorError("Not a name: " + name);
  return quoted.get();
}

int run_for_operator(const std::string& database_url, const std::function<void(SynchronousDatabase&)>& work) {
  try {
    SynchronousDatabase database(database_url);
    work(database);
    return 0;
  } catch (const OperatorError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace gateway

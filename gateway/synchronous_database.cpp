#include "synchronous_database.hpp"

#include <array>
#include <iostream>

namespace gateway {
namespace {

void print_notice(void*, const PGresult* notice) {
  if (const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)) std::cerr << message << '\n';
}

std::string without_line_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string advice(std::string_view sqlstate) {
  if (sqlstate == "42501") {
    return "Run this with a role that may: the database's owner, or any role with CREATE on the database\n"
           "(GRANT CREATE ON DATABASE … TO …), since the extension is trusted; changing an installed "
           "extension\n"
           "takes the role that created it.";
  }
  if (sqlstate == "58P01") {
    return "The extension's files are missing on the database server's machine: install them there\n"
           "(make install, or the package) and run this again.";
  }
  if (sqlstate == "42883" || sqlstate == "3F000" || sqlstate == "42P01") {
    return "The extension is not installed in this database: auth-gateway migrate upgrade";
  }
  return {};
}

}  // namespace

SynchronousDatabase::SynchronousDatabase(const std::string& database_url) {
  const std::array keywords{"dbname", "application_name", "client_encoding",
                            static_cast<const char*>(nullptr)};
  const std::array values{database_url.c_str(), "auth-gateway", "UTF8", static_cast<const char*>(nullptr)};
  connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) {
    throw OperatorError("Cannot connect to the database: " +
                        without_line_end(connection_ ? PQerrorMessage(connection_.get()) : "out of memory") +
                        "\nSQLALCHEMY_DATABASE_URL says where it is.");
  }
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
  if (const std::string more = advice(sqlstate_of(result.get())); !more.empty())
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

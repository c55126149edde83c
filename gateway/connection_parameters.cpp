#include "connection_parameters.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <stdexcept>

namespace gateway {
namespace {

// What the URL itself sets.
std::map<std::string, std::string> parse_url(const std::string& database_url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(database_url.c_str(), &error), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned_error(error, PQfreemem);
  if (!options) throw std::runtime_error("the database URL cannot be read");  // libpq's text may quote it
  std::map<std::string, std::string> settings;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings.emplace(option->keyword, option->val);
  }
  return settings;
}

}  // namespace

ConnectionParameters::ConnectionParameters(const std::string& database_url,
                                           std::chrono::milliseconds statement_timeout)
    : statement_timeout_(statement_timeout) {
  const auto url = parse_url(database_url);
  const auto url_value = [&url](const char* keyword) {
    const auto found = url.find(keyword);
    return found == url.end() ? std::string() : found->second;
  };
  if (const std::string limit = url_value("connect_timeout"); !limit.empty()) {
    int seconds = 0;
    std::from_chars(limit.data(), limit.data() + limit.size(), seconds);
    if (seconds > 0) connect_timeout_ = std::chrono::seconds(seconds);
  }

  add("dbname", database_url);  // expanded by libpq; what follows overrides it
  add("application_name", "auth-gateway");
  add("client_encoding", "UTF8");
  // Bound parameters hold passwords: the server's log must not show them when a statement fails.
  std::string options = url_value("options");
  options.append(" -c statement_timeout=").append(std::to_string(statement_timeout.count()));
  options.append(" -c log_parameter_max_length_on_error=0");
  add("options", std::move(options));
  const auto add_default = [&](const char* keyword, const char* value) {
    if (url.find(keyword) == url.end()) add(keyword, value);
  };
  add_default("keepalives_idle", "30");
  add_default("keepalives_interval", "10");
  add_default("tcp_user_timeout", "10000");
  add_default("gssencmode", "disable");  // its negotiation may block

  keywords_.push_back(nullptr);
  for (const std::string& value : values_) pointers_.push_back(value.c_str());
  pointers_.push_back(nullptr);
}

void ConnectionParameters::add(const char* keyword, std::string value) {
  keywords_.push_back(keyword);
  values_.push_back(std::move(value));
}

}  // namespace gateway

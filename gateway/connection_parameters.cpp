#include "connection_parameters.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>

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

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> entries;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    entries.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return entries;
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

  const auto list = [&url_value](const char* keyword, const char* variable) {
    const std::string text = url_value(keyword);
    const char* fallback = std::getenv(variable);
    return split_list(text.empty() && fallback != nullptr ? fallback : text);
  };
  if (url_value("hostaddr").empty()) hosts_ = list("host", "PGHOST");
  ports_ = list("port", "PGPORT");
}

void ConnectionParameters::add(const char* keyword, std::string value) {
  parameters_.emplace_back(keyword, std::move(value));
}

Connection ConnectionParameters::start(const HostAddresses& addresses) const {
  std::vector<const char*> keywords, values;
  const auto pass = [&](const char* keyword, const std::string& value) {
    if (value.empty()) return;
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  };
  for (const auto& [keyword, value] : parameters_) pass(keyword, value);
  pass("host", addresses.host);
  pass("hostaddr", addresses.hostaddr);
  pass("port", addresses.port);
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  const int expand_dbname = 1;  // the URL, whose parameters those after it override
  return Connection(PQconnectStartParams(keywords.data(), values.data(), expand_dbname));
}

}  // namespace gateway

#include "connection_parameters.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace gateway {
namespace {

using Values = std::map<std::string, std::string>;

// Every parameter that libpq would use, wherever it comes from: the URL, a service file, PG* variables. libpq
// tells them of a connection only, so this begins one that it must refuse before it looks for a host.
Values effective_values(const std::string& database_url) {
  static constexpr const char* kImpossible = "none that exists";
  const std::array keywords{"dbname", "channel_binding", static_cast<const char*>(nullptr)};
  const std::array values{database_url.c_str(), kImpossible, static_cast<const char*>(nullptr)};
  const Connection refused(PQconnectStartParams(keywords.data(), values.data(), 1));
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(refused.get()),
                                                                             PQconninfoFree);
  Values found;
  for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') found.emplace(option->keyword, option->val);
  }
  if (const auto reached = found.find("channel_binding");
      reached == found.end() || reached->second != kImpossible) {
    // A service that is not defined, for example; read_settings() has refused a URL that libpq would quote.
    throw std::runtime_error(std::string("the database URL cannot be used: ") +
                             (refused ? PQerrorMessage(refused.get()) : "out of memory"));
  }
  return found;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> entries;
  while (true) {
    const auto end = std::min(text.find(','), text.size());
    entries.emplace_back(text.substr(0, end));
    if (end == text.size()) return entries;
    text.remove_prefix(end + 1);
  }
}

// libpq's three lists as one: host and hostaddr go together, and so do the ports unless one is for all.
std::vector<HostAddress> host_entries(const std::string& host, const std::string& hostaddr,
                                      const std::string& port) {
  const auto hosts = split_list(host), addresses = split_list(hostaddr), ports = split_list(port);
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const bool fits = (hosts.size() == count || host.empty()) &&
                    (addresses.size() == count || hostaddr.empty()) &&
                    (ports.size() == count || ports.size() == 1);
  if (!fits) {
    throw std::runtime_error("the database URL names " + std::to_string(count) + " hosts, but " +
                             std::to_string(ports.size()) + " ports and " +
                             std::to_string(hostaddr.empty() ? 0 : addresses.size()) + " addresses");
  }
  std::vector<HostAddress> entries(count);
  for (std::size_t index = 0; index < count; ++index) {
    if (!host.empty()) entries[index].host = hosts[index];
    if (!hostaddr.empty()) entries[index].address = addresses[index];
    entries[index].port = ports.size() == 1 ? ports[0] : ports[index];
  }
  return entries;
}

}  // namespace

ConnectionParameters::ConnectionParameters(const std::string& database_url,
                                           std::chrono::milliseconds statement_timeout)
    : statement_timeout_(statement_timeout) {
  const Values given = effective_values(database_url);
  const auto value_of = [&given](const char* keyword) {
    const auto found = given.find(keyword);
    return found == given.end() ? std::string() : found->second;
  };
  if (const std::string limit = value_of("connect_timeout"); !limit.empty()) {
    int seconds = 0;
    std::from_chars(limit.data(), limit.data() + limit.size(), seconds);
    if (seconds > 0) connect_timeout_ = std::chrono::seconds(seconds);
  }

  add("dbname", database_url);  // expanded by libpq; what follows overrides it
  add("application_name", "auth-gateway");
  add("client_encoding", "UTF8");
  // Bound parameters hold passwords: the server's log must not show them when a statement fails.
  std::string options = value_of("options");
  options.append(" -c statement_timeout=").append(std::to_string(statement_timeout.count()));
  options.append(" -c log_parameter_max_length_on_error=0");
  add("options", std::move(options));
  const auto add_default = [&](const char* keyword, const char* value) {
    if (given.find(keyword) == given.end()) add(keyword, value);
  };
  add_default("keepalives_idle", "30");
  add_default("keepalives_interval", "10");
  add_default("tcp_user_timeout", "10000");
  // Its negotiation may block, and libpq's own default, prefer, tries it.
  if (value_of("gssencmode") != "require") add("gssencmode", "disable");

  hosts_ = host_entries(value_of("host"), value_of("hostaddr"), value_of("port"));
}

void ConnectionParameters::add(const char* keyword, std::string value) {
  parameters_.emplace_back(keyword, std::move(value));
}

Connection ConnectionParameters::start(const std::vector<HostAddress>& entries) const {
  std::string hosts, addresses, ports;
  for (std::size_t index = 0; index < entries.size(); ++index) {
    const char* separator = index == 0 ? "" : ",";
    hosts.append(separator).append(entries[index].host);
    addresses.append(separator).append(entries[index].address);
    ports.append(separator).append(entries[index].port);
  }
  std::vector<const char*> keywords, values;
  const auto pass = [&](const char* keyword, const std::string& value) {
    if (value.find_first_not_of(',') == std::string::npos) return;
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  };
  for (const auto& [keyword, value] : parameters_) pass(keyword, value);
  pass("host", hosts);
  pass("hostaddr", addresses);
  pass("port", ports);
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  const int expand_dbname = 1;  // the URL, whose parameters those after it override
  return Connection(PQconnectStartParams(keywords.data(), values.data(), expand_dbname));
}

}  // namespace gateway

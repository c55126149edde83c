#include "settings.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kLastPort = std::numeric_limits<std::uint16_t>::max();

[[noreturn]] void refuse(const std::string& name, const std::string& problem) {
  throw SettingError(name + ": " + problem);
}

std::string in_quotes(std::string_view value) { return "'" + std::string(value) + "'"; }

std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment(name);
  if (value && value->empty()) value.reset();
  return value;
}

// An integer from `minimum` to `maximum`; `current`, the default, when the variable is not set.
template <typename Integer>
Integer integer(const Environment& environment, const std::string& name, Integer current, Integer minimum,
                Integer maximum) {
  const std::optional<std::string> text = value_of(environment, name);
  if (!text) return current;
  long long value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < static_cast<long long>(minimum) ||
      value > static_cast<long long>(maximum)) {
    // Kubernetes sets AUTH_API_PORT=tcp://… for a service that is called auth-api.
    const bool service_link = text->rfind("tcp://", 0) == 0;
    refuse(name,
           in_quotes(*text) + " is not a whole number from " + std::to_string(minimum) + " to " +
               std::to_string(maximum) +
               (service_link ? " (Kubernetes sets it for a service of that name: enableServiceLinks: false)"
                             : ""));
  }
  return static_cast<Integer>(value);
}

// Seconds, with fractions, from `minimum` to a day.
milliseconds duration(const Environment& environment, const std::string& name, milliseconds current,
                      milliseconds minimum) {
  constexpr milliseconds maximum = std::chrono::hours(24);
  const std::optional<std::string> text = value_of(environment, name);
  if (!text) return current;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), seconds, std::chars_format::fixed);
  const bool is_number = error == std::errc{} && end == text->data() + text->size() && std::isfinite(seconds);
  if (!is_number || seconds * 1000 < static_cast<double>(minimum.count()) ||
      seconds * 1000 > static_cast<double>(maximum.count())) {
    std::ostringstream lowest;
    lowest << static_cast<double>(minimum.count()) / 1000;
    refuse(name, in_quotes(*text) + " is not a number of seconds from " + lowest.str() + " to 86400");
  }
  return milliseconds(std::llround(seconds * 1000));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t first = text.find_first_not_of(white);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// "a, b" or ["a", "b"]; empty entries are dropped.
std::vector<std::string> list(const Environment& environment, const std::string& name) {
  std::vector<std::string> entries;
  const std::optional<std::string> text = value_of(environment, name);
  if (!text) return entries;
  if (trim(*text).substr(0, 1) == "[") {
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    const bool usable =
        json.is_array() && std::all_of(json.begin(), json.end(), [](const auto& e) { return e.is_string(); });
    if (!usable)
      refuse(name, "begins with '[' but is not a JSON list of strings, such as [\"https://app.example\"]");
    for (const auto& entry : json) entries.push_back(entry.template get<std::string>());
  } else {
    std::string_view rest = *text;
    while (true) {
      const std::size_t comma = rest.find(',');
      entries.emplace_back(trim(rest.substr(0, comma)));
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  std::erase_if(entries, [](const std::string& entry) { return entry.empty(); });
  return entries;
}

// An origin as a browser sends it (RFC 6454 section 6.2): lower-case scheme and host, perhaps a port, no
// path.
bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.substr(0, scheme.size()) != scheme) continue;
    const std::string_view host = text.substr(scheme.size());
    return !host.empty() && host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == host.npos;
  }
  return false;
}

std::vector<std::string> cors_origins(const Environment& environment) {
  const std::string name = "CORS_ORIGINS";
  std::vector<std::string> origins = list(environment, name);
  for (const std::string& origin : origins) {
    if (origin == "*") {
      if (origins.size() > 1) refuse(name, "'*' stands for every origin and cannot be mixed with others");
    } else if (!is_origin(origin)) {
      refuse(name, in_quotes(origin) +
                       " is not an origin: http:// or https://, a lower-case host, perhaps a port, no path"
                       " (https://app.example:8443), or '*' alone");
    }
  }
  return origins;
}

std::vector<Network> trusted_proxies(const Environment& environment) {
  std::vector<Network> networks;
  for (const std::string& entry : list(environment, "TRUSTED_PROXIES")) {
    const std::optional<Network> network = Network::parse(entry);
    if (!network)
      refuse("TRUSTED_PROXIES",
             in_quotes(entry) + " is not an address or CIDR block such as 10.0.0.0/8 or fd00::/8");
    networks.push_back(*network);
  }
  return networks;
}

LogLevel log_level(const Environment& environment, LogLevel current) {
  const std::optional<std::string> text = value_of(environment, "LOG_LEVEL");
  if (!text) return current;
  std::string upper = *text;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  constexpr std::array<std::string_view, 5> names = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
  const auto* found = std::find(names.begin(), names.end(), upper);
  if (found == names.end())
    refuse("LOG_LEVEL", in_quotes(*text) + " is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL");
  return static_cast<LogLevel>(found - names.begin());
}

// The URL with the password that PGPASSWORD_FILE holds, unless it has one. PGPASSWORD itself is read by
// libpq.
std::string with_password(std::string url, const Environment& environment) {
  if (!value_of(environment, "PGPASSWORD_FILE")) return url;
  const std::optional<std::string> password = read_secret("PGPASSWORD", environment);
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "password" && option->val != nullptr) return url;
  }
  std::ostringstream encoded;
  encoded << std::hex << std::uppercase << std::setfill('0');
  for (const char byte : *password) {
    encoded << '%' << std::setw(2) << static_cast<int>(static_cast<unsigned char>(byte));
  }
  return url.append(url.find('?') == url.npos ? "?" : "&").append("password=").append(encoded.str());
}

std::string database_url(const Environment& environment) {
  for (const std::string name : {"SQLALCHEMY_DATABASE_URL", "DATABASE_URL"}) {
    if (const std::optional<std::string> url = read_secret(name, environment)) {
      return with_password(libpq_url(name, *url), environment);
    }
  }
  refuse("SQLALCHEMY_DATABASE_URL",
         "not set (nor DATABASE_URL, nor either with _FILE); "
         "expected postgresql://user:password@host:5432/auth_db");
}

// One `key=value` of the URL's query, in libpq's words.
std::string libpq_parameter(const std::string& name, std::string_view parameter) {
  std::string_view key = parameter.substr(0, parameter.find('='));
  const std::string_view value = parameter.substr(std::min(parameter.size(), key.size() + 1));
  if (key == "ssl") {
    constexpr std::array<std::string_view, 6> modes = {"disable", "allow",     "prefer",
                                                       "require", "verify-ca", "verify-full"};
    if (value == "true" || value == "True") return "sslmode=require";
    if (value == "false" || value == "False") return "sslmode=disable";
    if (std::find(modes.begin(), modes.end(), value) != modes.end()) return "sslmode=" + std::string(value);
    refuse(name,
           "its parameter 'ssl' is none of disable, allow, prefer, require, verify-ca, verify-full, true, "
           "false");
  }
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> known(PQconndefaults(), PQconninfoFree);
  for (const PQconninfoOption* option = known.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (key == option->keyword) return std::string(parameter);
  }
  refuse(name, "libpq knows no connection parameter " + in_quotes(key.substr(0, 40)));
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): read before any thread starts
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::optional<std::string> read_secret(const std::string& name, const Environment& environment) {
  const std::string file_name = name + "_FILE";
  std::optional<std::string> value = value_of(environment, name);
  const std::optional<std::string> path = value_of(environment, file_name);
  if (!path) return value;
  if (value) refuse(name, "is set and so is " + file_name + "; set only one of them");
  std::ifstream file(*path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) refuse(file_name, "cannot read the file " + in_quotes(*path));
  if (!content.empty() && content.back() == '\n') content.pop_back();
  if (!content.empty() && content.back() == '\r') content.pop_back();
  if (content.empty()) refuse(file_name, "the file " + in_quotes(*path) + " is empty");
  return content;
}

std::string checked_root_path(const std::string& name, const std::string& value) {
  const bool allowed =
      value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/") ==
      value.npos;
  const bool shaped =
      value.empty() || (value.front() == '/' && value.back() != '/' && value.find("//") == value.npos);
  if (!allowed || !shaped) refuse(name, in_quotes(value) + " is not a path prefix such as /auth-api");
  return value;
}

std::string libpq_url(const std::string& name, const std::string& url) {
  const std::string expected = "expected postgresql://user:password@host:5432/auth_db";
  const std::size_t separator = url.find("://");
  const std::string scheme = url.substr(0, separator == url.npos ? 0 : separator);
  const std::string dialect = scheme.substr(0, scheme.find('+'));
  if (dialect != "postgresql" && dialect != "postgres") refuse(name, "is not a PostgreSQL URL; " + expected);

  const std::size_t query = url.find('?', separator);
  std::string result = "postgresql" + url.substr(separator, query == url.npos ? url.npos : query - separator);
  std::string_view parameters =
      query == url.npos ? std::string_view{} : std::string_view(url).substr(query + 1);
  for (char joint = '?'; !parameters.empty(); joint = '&') {
    const std::size_t end = parameters.find('&');
    result += joint + libpq_parameter(name, parameters.substr(0, end));
    parameters = end == parameters.npos ? std::string_view{} : parameters.substr(end + 1);
  }
  // libpq's own complaint quotes the URL, password included, so it is not passed on.
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(result.c_str(), nullptr), PQconninfoFree);
  if (!parsed) {
    refuse(name,
           "libpq cannot read this URL (is a special character of the password not percent-encoded?); " +
               expected);
  }
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    const bool is_port = std::string_view(option->keyword) == "port" && option->val != nullptr;
    if (is_port && std::string_view(option->val).find_first_not_of("0123456789,") != std::string_view::npos) {
      refuse(name, "its port is not a number; " + expected);
    }
  }
  return result;
}

void read_listening_address(Settings& settings, const Environment& environment) {
  settings.address = value_of(environment, "AUTH_API_HOST").value_or(settings.address);
  if (!parse_address(settings.address)) {
    refuse("AUTH_API_HOST",
           in_quotes(settings.address) + " is not an IPv4 or IPv6 address such as 0.0.0.0, 127.0.0.1 or ::");
  }
  settings.port = integer<std::uint16_t>(environment, "AUTH_API_PORT", settings.port, 1, kLastPort);
}

Settings read_settings(const Environment& environment) {
  using namespace std::chrono_literals;
  Settings settings;
  settings.database_url = database_url(environment);
  settings.pool_size = integer(environment, "DB_POOL_SIZE", settings.pool_size, 3, 100);
  settings.maximum_overflow = integer(environment, "DB_MAX_OVERFLOW", settings.maximum_overflow, 0, 100);
  settings.pool_timeout = duration(environment, "DB_POOL_TIMEOUT", settings.pool_timeout, 100ms);
  settings.pool_recycle = duration(environment, "DB_POOL_RECYCLE", settings.pool_recycle, 1s);

  read_listening_address(settings, environment);
  settings.admin_port =
      integer<std::uint16_t>(environment, "AUTH_API_ADMIN_PORT", settings.admin_port, 0, kLastPort);
  settings.root_path =
      checked_root_path("AUTH_API_ROOT_PATH", value_of(environment, "AUTH_API_ROOT_PATH").value_or(""));
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  settings.workers = integer(environment, "GATEWAY_WORKERS", std::min(cores, 4), 1, 64);

  settings.cors_origins = cors_origins(environment);
  settings.trusted_proxies = trusted_proxies(environment);
  settings.default_tenant = value_of(environment, "DEFAULT_TENANT").value_or(settings.default_tenant);
  settings.log_level = log_level(environment, settings.log_level);

  settings.header_timeout = duration(environment, "GATEWAY_HEADER_TIMEOUT", settings.header_timeout, 100ms);
  settings.body_timeout = duration(environment, "GATEWAY_BODY_TIMEOUT", settings.body_timeout, 100ms);
  settings.idle_timeout = duration(environment, "GATEWAY_IDLE_TIMEOUT", settings.idle_timeout, 100ms);
  settings.write_timeout = duration(environment, "GATEWAY_WRITE_TIMEOUT", settings.write_timeout, 100ms);
  settings.shutdown_timeout =
      duration(environment, "GATEWAY_SHUTDOWN_TIMEOUT", settings.shutdown_timeout, 0ms);
  settings.maximum_connections = integer<std::size_t>(environment, "GATEWAY_MAX_CONNECTIONS",
                                                      settings.maximum_connections, 1, 1'000'000);
  return settings;
}

}  // namespace gateway

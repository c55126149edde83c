// Everything an operator can set, in one table: name of the variable, meaning, default.
//
// Settings come from the environment only (and --root-path, --port). A value that is malformed or out of
// range stops the program with a message that names the variable, what is wrong and what is allowed; it never
// prints a secret.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "client_address.hpp"

namespace gateway {

enum class LogLevel { debug, info, warning, error, critical };

struct Settings {
  // Database. The pool is per worker; its names and meaning are SQLAlchemy's.
  std::string database_url;   // SQLALCHEMY_DATABASE_URL, else DATABASE_URL (each also _FILE); as libpq reads
                              // it. Without a password: PGPASSWORD or PGPASSWORD_FILE
  int pool_size = 5;          // DB_POOL_SIZE: connections at rest, 3 to 100
  int maximum_overflow = 10;  // DB_MAX_OVERFLOW: more of them under load, 0 to 100
  std::chrono::milliseconds pool_timeout{30'000};     // DB_POOL_TIMEOUT: the longest wait for a connection
  std::chrono::milliseconds pool_recycle{3'600'000};  // DB_POOL_RECYCLE: a connection's longest life

  int allowed_database_connections() const { return workers * (pool_size + maximum_overflow); }

  // Where to listen.
  std::string address = "0.0.0.0";  // AUTH_API_HOST: an IPv4 or IPv6 address; "::" takes both families
  std::uint16_t port = 8004;        // AUTH_API_PORT
  std::uint16_t admin_port = 0;  // AUTH_API_ADMIN_PORT: /metrics and /api/health/ready on loopback; 0 is off
  std::string root_path;  // --root-path or AUTH_API_ROOT_PATH: the same routes are also served below it
  int workers = 1;        // GATEWAY_WORKERS: threads, 1 to 64; default one a core, 4 at most

  // What to believe and whom to answer.
  std::vector<std::string>
      cors_origins;  // CORS_ORIGINS: comma-separated or a JSON list; "*" alone: without credentials
  std::vector<Network>
      trusted_proxies;  // TRUSTED_PROXIES: comma-separated CIDR blocks whose X-Forwarded-For counts
  std::string default_tenant = "default";  // DEFAULT_TENANT: the one X-Tenant-ID that is accepted
  LogLevel log_level = LogLevel::info;     // LOG_LEVEL: DEBUG, INFO, WARNING, ERROR, CRITICAL

  // Limits of a connection. Times are seconds, fractions allowed. None runs while a request is being worked
  // on.
  std::chrono::milliseconds header_timeout{
      10'000};  // GATEWAY_HEADER_TIMEOUT: first byte to end of head; then 408
  std::chrono::milliseconds body_timeout{
      30'000};  // GATEWAY_BODY_TIMEOUT: end of head to end of body; then 408
  std::chrono::milliseconds idle_timeout{75'000};  // GATEWAY_IDLE_TIMEOUT: between two requests; then close
  std::chrono::milliseconds write_timeout{
      30'000};  // GATEWAY_WRITE_TIMEOUT: an answer that nobody reads; then close
  std::chrono::milliseconds shutdown_timeout{30'000};  // GATEWAY_SHUTDOWN_TIMEOUT: SIGTERM to exit, at most
  std::size_t maximum_connections = 10'000;  // GATEWAY_MAX_CONNECTIONS: more are answered 503 and closed
};

// A value that cannot be used. what() begins with the variable's name and never contains a secret.
struct SettingError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Looks one variable up; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own environment.
Environment process_environment();

// Reads and checks all settings. Throws SettingError. Empty variables count as not set (docker compose passes
// `${NAME:-}` that way).
Settings read_settings(const Environment& environment = process_environment());

// Only where the gateway listens (AUTH_API_HOST, AUTH_API_PORT): all that asking it for its health takes.
void read_listening_address(Settings& settings, const Environment& environment = process_environment());

// A secret from variable `name`, or from the file that `name`_FILE names (one trailing line feed is not part
// of it). Both set, or a file that cannot be read, is a SettingError. nullopt when neither is set.
std::optional<std::string> read_secret(const std::string& name,
                                       const Environment& environment = process_environment());

// Checks a --root-path: "" or "/segment[/segment…]" of unreserved characters. Throws SettingError naming
// `name`.
std::string checked_root_path(const std::string& name, const std::string& value);

// Any of postgresql://, postgres://, postgresql+asyncpg://, postgresql+psycopg2:// (and other +driver) → what
// libpq reads; asyncpg's `ssl=` becomes libpq's `sslmode=`. Throws SettingError naming `name`, without the
// URL in it.
std::string libpq_url(const std::string& name, const std::string& url);

}  // namespace gateway

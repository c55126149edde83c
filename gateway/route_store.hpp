// The HTTP surface as all workers see it, and how it comes out of the database.
#pragma once

#include <libpq-fe.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "routes.hpp"

namespace gateway {

// One state of the surface; immutable.
class PublishedRoutes {
 public:
  // `server_path` is where clients find the paths (--root-path), for the OpenAPI document.
  PublishedRoutes(RouteTable routes, std::string version, std::string server_path)
      : table(std::move(routes)),
        extension_version(std::move(version)),
        server_path_(std::move(server_path)) {}

  const RouteTable table;
  const std::string extension_version;

  // The document for GET /openapi.json; made when it is first asked for, since no start should wait for it.
  // Any thread.
  const std::string& openapi() const;

 private:
  const std::string server_path_;
  mutable std::once_flag openapi_made_;
  mutable std::string openapi_;
};

using RoutesPointer = std::shared_ptr<const PublishedRoutes>;

// One a process. Any thread.
class RouteStore {
 public:
  // Makes rows the current state, unless they are it already. Logs what is left out of them, and why.
  // `server_path` as for PublishedRoutes.
  void publish(std::vector<RouteRow> rows, const std::string& extension_version,
               const std::string& server_path);

  // Changes with every state; 0 before the first.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // nullptr before the first state.
  RoutesPointer current() const;

  // Somebody is loading routes for as long as what this returns is alive.
  std::shared_ptr<void> begin_loading() {
    ++loading_;
    return {this, [](RouteStore* store) { --store->loading_; }};
  }
  bool is_loading() const { return loading_ > 0; }

  // True for the first caller in the process.
  bool claim_first_connection() { return !first_connection_claimed_.exchange(true); }
  bool claim_log_check() { return !log_check_claimed_.exchange(true); }

  // Some worker has reached the database once.
  void note_connection() { has_connected_ = true; }
  bool has_connected() const { return has_connected_; }

 private:
  mutable std::mutex mutex_;
  RoutesPointer current_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> loading_{0};
  std::atomic<bool> first_connection_claimed_{false};
  std::atomic<bool> has_connected_{false};
  std::atomic<bool> log_check_claimed_{false};
};

// Selects every route, and the extension's version in the last column.
extern const char* const kRoutesQuery;

// The rows of kRoutesQuery's result.
std::vector<RouteRow> read_route_rows(const PGresult* result);

// The version in kRoutesQuery's result; empty when it has no rows.
std::string read_extension_version(const PGresult* result);

}  // namespace gateway

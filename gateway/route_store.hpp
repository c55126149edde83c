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
struct PublishedRoutes {
  RouteTable table;
  std::string extension_version;
  std::string openapi;  // the document for GET /openapi.json
};

using RoutesPointer = std::shared_ptr<const PublishedRoutes>;

// One a process. Any thread.
class RouteStore {
 public:
  // Makes rows the current state, unless they are it already. Logs what is left out of them, and why.
  // `server_path` is where clients find the paths (--root-path), for the OpenAPI document.
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
  bool claim_log_check() { return !log_check_claimed_.exchange(true); }

 private:
  mutable std::mutex mutex_;
  RoutesPointer current_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> loading_{0};
  std::atomic<bool> log_check_claimed_{false};
};

// Selects every route, and the extension's version in the last column.
extern const char* const kRoutesQuery;

// The rows of kRoutesQuery's result.
std::vector<RouteRow> read_route_rows(const PGresult* result);

// The version in kRoutesQuery's result; empty when it has no rows.
std::string read_extension_version(const PGresult* result);

}  // namespace gateway

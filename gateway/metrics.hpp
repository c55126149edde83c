// What GET /metrics shows, kept by prometheus-cpp. One object for the process, shared by all workers.
//
// Metrics: http_requests_total and http_request_duration_seconds (route, method, status), http_connections,
// database_connections (lane, state), database_waiting_requests (lane), log_lines_dropped_total, build_info
// (version).
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gateway {

class Metrics {
 public:
  // `version` is the gateway's, for build_info.
  explicit Metrics(const std::string& version);

  // The text exposition format (version 0.0.4). Any thread.
  std::string exposition();
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  // Open client connections. Any thread.
  prometheus::Gauge& connections() { return connections_; }

  // Gauges that all workers move up and down together; the reference is good for the life of the object, so
  // look it up once. `state` is "busy" or "idle". Any thread.
  prometheus::Gauge& database_connections(std::string_view lane, std::string_view state);
  prometheus::Gauge& database_waiting(std::string_view lane);

 private:
  friend class RequestMetrics;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Gauge>& database_connections_;
  prometheus::Family<prometheus::Gauge>& database_waiting_;
  prometheus::Gauge& connections_;
  prometheus::Counter& log_lines_dropped_;
};

// A worker's way to count requests: remembers the handles it has looked up, so that a request costs two
// atomic additions and no lock on the registry. Not shared between threads.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : metrics_(metrics) {}

  // `method` is one of the known methods or "other", so that no client can make up labels.
  void count(std::string_view route, std::string_view method, int status, std::chrono::nanoseconds duration);

 private:
  // Looked up by views, kept by value: the route table may be loaded anew.
  struct KeyView {
    std::string_view route;
    std::string_view method;
    int status;
  };
  struct Key {
    std::string route;
    std::string method;
    int status;
    operator KeyView() const {
      return {route, method, status};
    }  // NOLINT(google-explicit-constructor): map look-ups
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const KeyView& key) const;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const KeyView& left, const KeyView& right) const;
  };
  struct Handles {
    prometheus::Counter* requests;
    prometheus::Histogram* duration;
  };
  Metrics& metrics_;
  std::unordered_map<Key, Handles, KeyHash, KeyEqual> handles_;
};

}  // namespace gateway

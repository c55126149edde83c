// What GET /metrics shows, kept by prometheus-cpp. One object for the process, shared by all workers.
// docs/monitoring.md lists the metrics, docs/grafana/auth-api.json shows them.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gateway {

// What all workers count together for one lane. Gauges move up and down by what each worker adds.
struct LaneMetrics {
  prometheus::Gauge &busy, &idle, &connecting;  // connections
  prometheus::Gauge &in_flight, &waiting;       // requests
  prometheus::Counter &connected, &failed, &lost_connections;
  // Requests that were not answered by the database, by Failure.
  prometheus::Counter &refused_busy, &refused_timeout, &refused_unavailable, &refused_lost;
};

class Metrics {
 public:
  // `version` is the gateway's, for auth_build_info; `connections_allowed`: to the database, by all workers.
  Metrics(const std::string& version, int connections_allowed);

  // The text exposition format (version 0.0.4). Any thread.
  std::string exposition();
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  // Open client connections. Any thread.
  prometheus::Gauge& connections() { return connections_; }

  // The references are good for the life of the object; look them up once. Any thread.
  LaneMetrics lane(std::string_view name);

 private:
  friend class RequestMetrics;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Gauge>& database_connections_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Gauge>& waiting_;
  prometheus::Family<prometheus::Counter>& connects_;
  prometheus::Family<prometheus::Counter>& failed_connects_;
  prometheus::Family<prometheus::Counter>& lost_connections_;
  prometheus::Family<prometheus::Counter>& refused_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& database_up_;
  prometheus::Counter& log_lines_dropped_;
  prometheus::Counter& processor_seconds_;
  prometheus::Gauge& resident_memory_;
  prometheus::Gauge& open_descriptors_;

  std::mutex lanes_mutex_;
  std::vector<LaneMetrics> lanes_;
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

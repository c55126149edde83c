#include "metrics.hpp"

#include <prometheus/text_serializer.h>

#include <functional>

#include "log.hpp"

namespace gateway {
namespace {

// Seconds. From what a cached check takes to what a queue of password hashes does.
const prometheus::Histogram::BucketBoundaries duration_boundaries = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

Metrics::Metrics(const std::string& version)
    : requests_(prometheus::BuildCounter()
                    .Name("http_requests_total")
                    .Help("Requests answered, by route pattern, method and status.")
                    .Register(registry_)),
      durations_(prometheus::BuildHistogram()
                     .Name("http_request_duration_seconds")
                     .Help("Time from the end of a request's head to its answer.")
                     .Register(registry_)),
      database_connections_(prometheus::BuildGauge()
                                .Name("database_connections")
                                .Help("Connections to the database, by lane and state.")
                                .Register(registry_)),
      database_waiting_(prometheus::BuildGauge()
                            .Name("database_waiting_requests")
                            .Help("Requests that wait for a connection to the database, by lane.")
                            .Register(registry_)),
      connections_(prometheus::BuildGauge()
                       .Name("http_connections")
                       .Help("Open client connections.")
                       .Register(registry_)
                       .Add({})),
      log_lines_dropped_(prometheus::BuildCounter()
                             .Name("log_lines_dropped_total")
                             .Help("Log lines dropped because standard output was not read fast enough.")
                             .Register(registry_)
                             .Add({})) {
  prometheus::BuildGauge()
      .Name("build_info")
      .Help("Always 1; the label tells the version.")
      .Register(registry_)
      .Add({{"version", version}})
      .Set(1);
}

std::string Metrics::exposition() {
  const double missing = static_cast<double>(dropped_log_lines()) - log_lines_dropped_.Value();
  if (missing > 0) log_lines_dropped_.Increment(missing);
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

prometheus::Gauge& Metrics::database_connections(std::string_view lane, std::string_view state) {
  return database_connections_.Add({{"lane", std::string(lane)}, {"state", std::string(state)}});
}

prometheus::Gauge& Metrics::database_waiting(std::string_view lane) {
  return database_waiting_.Add({{"lane", std::string(lane)}});
}

std::size_t RequestMetrics::KeyHash::operator()(const KeyView& key) const {
  const std::hash<std::string_view> hash;
  return hash(key.route) * 31 + hash(key.method) * 7 + static_cast<std::size_t>(key.status);
}

bool RequestMetrics::KeyEqual::operator()(const KeyView& left, const KeyView& right) const {
  return left.status == right.status && left.route == right.route && left.method == right.method;
}

void RequestMetrics::count(std::string_view route, std::string_view method, int status,
                           std::chrono::nanoseconds duration) {
  auto found = handles_.find(KeyView{route, method, status});
  if (found == handles_.end()) {
    const prometheus::Labels labels = {
        {"route", std::string(route)}, {"method", std::string(method)}, {"status", std::to_string(status)}};
    const Handles handles{&metrics_.requests_.Add(labels),
                          &metrics_.durations_.Add(labels, duration_boundaries)};
    found = handles_.emplace(Key{std::string(route), std::string(method), status}, handles).first;
  }
  found->second.requests->Increment();
  found->second.duration->Observe(std::chrono::duration<double>(duration).count());
}

}  // namespace gateway

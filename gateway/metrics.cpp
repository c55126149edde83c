#include "metrics.hpp"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "log.hpp"

namespace gateway {
namespace {

// Seconds. From what a cached check takes to what a queue of password hashes does.
const prometheus::Histogram::BucketBoundaries duration_boundaries = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

template <typename Builder>
auto& family(prometheus::Registry& registry, Builder builder, const char* name, const char* help) {
  return builder.Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return family(registry, prometheus::BuildCounter(), name, help);
}

prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return family(registry, prometheus::BuildGauge(), name, help);
}

void raise_to(prometheus::Counter& counter, double total) {
  if (const double missing = total - counter.Value(); missing > 0) counter.Increment(missing);
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator begin("/proc/self/fd", error), end;
  return error ? 0 : static_cast<double>(std::distance(begin, end)) - 1;  // one is this very look
}

}  // namespace

Metrics::Metrics(const std::string& version, int connections_allowed)
    : requests_(counters(registry_, "auth_http_requests_total",
                         "Requests answered, by route pattern, method and status.")),
      durations_(family(registry_, prometheus::BuildHistogram(), "auth_http_request_duration_seconds",
                        "Time from the end of a request's head to its answer.")),
      database_connections_(
          gauges(registry_, "auth_database_connections", "Connections to the database, by lane and state.")),
      in_flight_(gauges(registry_, "auth_database_in_flight_requests",
                        "Requests that the database is working on, by lane.")),
      waiting_(gauges(registry_, "auth_database_waiting_requests",
                      "Requests that wait for a connection to the database, by lane.")),
      connects_(
          counters(registry_, "auth_database_connects_total", "Connections made to the database, by lane.")),
      failed_connects_(counters(registry_, "auth_database_failed_connects_total",
                                "Attempts to connect to the database that failed, by lane.")),
      lost_connections_(counters(registry_, "auth_database_lost_connections_total",
                                 "Connections to the database that broke, by lane.")),
      refused_(counters(registry_, "auth_database_refused_requests_total",
                        "Requests without an answer of the database, by lane and reason: too many waited "
                        "(busy), DB_POOL_TIMEOUT was over (timeout), no connection could be made "
                        "(unavailable), the connection broke meanwhile (lost).")),
      connections_(gauges(registry_, "auth_http_connections", "Open client connections.").Add({})),
      database_up_(
          gauges(registry_, "auth_database_up", "1 while there is a connection to the database.").Add({})),
      log_lines_dropped_(counters(registry_, "auth_log_lines_dropped_total",
                                  "Log lines dropped because standard output was not read fast enough.")
                             .Add({})),
      processor_seconds_(counters(registry_, "process_cpu_seconds_total",
                                  "Processor time of this process, in user and system mode.")
                             .Add({})),
      resident_memory_(
          gauges(registry_, "process_resident_memory_bytes", "Memory of this process in RAM.").Add({})),
      open_descriptors_(
          gauges(registry_, "process_open_fds", "Open file descriptors of this process.").Add({})) {
  gauges(registry_, "auth_build_info", "Always 1; the label tells the version.")
      .Add({{"version", version}})
      .Set(1);
  gauges(registry_, "auth_database_allowed_connections",
         "Connections to the database that all workers may have: (DB_POOL_SIZE + DB_MAX_OVERFLOW) each.")
      .Add({})
      .Set(connections_allowed);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  gauges(registry_, "process_start_time_seconds", "Start of this process, in seconds since 1970.")
      .Add({})
      .Set(std::chrono::duration<double>(now).count());
}

std::string Metrics::exposition() {
  raise_to(log_lines_dropped_, static_cast<double>(dropped_log_lines()));
  raise_to(processor_seconds_, processor_seconds());
  resident_memory_.Set(resident_bytes());
  open_descriptors_.Set(open_descriptors());
  {
    const std::lock_guard lock(lanes_mutex_);
    const bool is_up = std::any_of(lanes_.begin(), lanes_.end(), [](const LaneMetrics& lane) {
      return lane.busy.Value() + lane.idle.Value() > 0;
    });
    database_up_.Set(is_up ? 1 : 0);
  }
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

LaneMetrics Metrics::lane(std::string_view name) {
  const std::string lane(name);
  const auto connections = [&](const char* state) -> prometheus::Gauge& {
    return database_connections_.Add({{"lane", lane}, {"state", state}});
  };
  const auto refused = [&](const char* reason) -> prometheus::Counter& {
    return refused_.Add({{"lane", lane}, {"reason", reason}});
  };
  const LaneMetrics metrics{connections("busy"),
                            connections("idle"),
                            connections("connecting"),
                            in_flight_.Add({{"lane", lane}}),
                            waiting_.Add({{"lane", lane}}),
                            connects_.Add({{"lane", lane}}),
                            failed_connects_.Add({{"lane", lane}}),
                            lost_connections_.Add({{"lane", lane}}),
                            refused("busy"),
                            refused("timeout"),
                            refused("unavailable"),
                            refused("lost")};
  const std::lock_guard lock(lanes_mutex_);
  lanes_.push_back(metrics);
  return metrics;
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

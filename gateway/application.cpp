#include "application.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "binding.hpp"
#include "connection_advice.hpp"
#include "cors.hpp"
#include "framer.hpp"
#include "lane.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "postgres.hpp"
#include "query_call.hpp"
#include "route_call.hpp"
#include "route_store.hpp"
#include "settings.hpp"
#include "sqlstate.hpp"
#include "version.h"

namespace gateway {
namespace {

using std::chrono::milliseconds;

// Calls in the read lane's pipeline at a time: enough to keep the server busy during a round trip, few enough
// that the rest still waits on our side, where a client that leaves or times out costs nothing.
constexpr std::size_t kReadInFlight = 128;

// Hashing is CPU time of the database's: more hashes at a time than cores finish no sooner, and take the
// cores from the reads. This many of them beyond one a core (of this machine, for want of a better guess)
// fill the time that the others wait for their commit.
constexpr int kHashesBeyondCores = 0;

constexpr std::size_t kMaximumWaitingReads = 1024;
constexpr std::size_t kMaximumWaitingCalls = 1024;
constexpr std::size_t kMaximumWaitingHashes = 256;
constexpr milliseconds kReadTimeout{5'000};
constexpr milliseconds kCallTimeout{30'000};
constexpr milliseconds kHealthTimeout{1'800};  // an answer within 2 s
constexpr milliseconds kRoutesRetry{500};
// At the start: at the latest, a worker connects although no other has connected; at the latest, it begins
// its other connections although there are no routes; how long these wait for the requests that waited for
// routes.
constexpr milliseconds kFirstConnectionWait{200};
constexpr milliseconds kOthersStart{1000};
constexpr milliseconds kOthersPause{50};
constexpr milliseconds kPeerPause{2};  // before looking again how far another worker has come

constexpr std::string_view kNotInstalled =
    "the extension auth_api is not installed in this database, or this role may not use it; run: "
    "auth-gateway "
    "migrate upgrade";

int hash_connections(int workers) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) + kHashesBeyondCores;
  return std::max(1, (cores + workers - 1) / workers);
}

LaneOptions lane_options(LaneName name, const Settings& settings) {
  LaneOptions options;
  options.pool_timeout = settings.pool_timeout;
  options.pool_recycle = settings.pool_recycle;
  options.statement_timeout = kCallTimeout;
  switch (name) {
    case LaneName::read:
      options.name = "read";
      options.in_flight = kReadInFlight;
      options.maximum_waiting = kMaximumWaitingReads;
      options.statement_timeout = kReadTimeout;
      break;
    case LaneName::call:
      options.name = "call";
      options.connections_at_rest = std::max(1, settings.pool_size - 2);
      options.maximum_overflow = settings.maximum_overflow;
      options.maximum_waiting = kMaximumWaitingCalls;
      break;
    case LaneName::hash:
      options.name = "hash";
      options.maximum_overflow = std::min(settings.maximum_overflow,
                                          hash_connections(settings.workers) - options.connections_at_rest);
      options.maximum_waiting = kMaximumWaitingHashes;
      break;
  }
  return options;
}

// One route table for all workers of the process.
RouteStore& route_store() {
  static RouteStore store;
  return store;
}

class GatewayApplication final : public Application {
 public:
  GatewayApplication(EventLoop& loop, const Settings& settings, Metrics& metrics, RouteStore& store)
      : loop_(loop),
        settings_(settings),
        metrics_(metrics),
        store_(store),
        cors_(settings.cors_origins),
        overflow_{settings.maximum_overflow},
        read_(loop, settings.database_url, lane_options(LaneName::read, settings), overflow_, metrics),
        call_(loop, settings.database_url, lane_options(LaneName::call, settings), overflow_, metrics),
        hash_(loop, settings.database_url, lane_options(LaneName::hash, settings), overflow_, metrics) {}

  ~GatewayApplication() override { *is_alive_ = false; }

  // Backends that start at once take as many times as long until the first of them answers, and without
  // routes hardly anything can be answered. So one connection of the process comes first, then the routes
  // and, meanwhile, a connection of each other worker, then all others.
  void start() override {
    if (store_.claim_first_connection()) return connect();
    connect_after_first(loop_.now() + kFirstConnectionWait);
  }

  Admission admit(const Request& request, Exchange& exchange) override {
    Admission admission;
    if (Cors::is_preflight(request)) {
      admission.refusal = cors_.preflight(request);
      return admission;
    }
    if (const BuiltIn* built_in = find_built_in(request.path)) {
      exchange.set_route(built_in->path);
      if (request.method != "GET" && request.method != "HEAD") {
        admission.refusal = wrong_method(request.method, "GET, HEAD, OPTIONS");
      }
      admission.maximum_body = 0;
    } else {
      admit_route(request, exchange, admission);
    }
    if (admission.refusal) cors_.decorate(*admission.refusal, cors_.allowed_origin(request));
    return admission;
  }

  void handle(const Request& request, ExchangePointer exchange) override {
    if (const BuiltIn* built_in = find_built_in(request.path)) {
      (this->*built_in->answer)(request, exchange);
      return;
    }
    const RoutesPointer routes = current_routes();
    PathSegments path;
    const Route* route =
        routes && path.split(request.path) ? routes->table.find(request.method, path).route : nullptr;
    if (route == nullptr) {  // was there when the head was admitted: the table has just changed
      return answer(request, *exchange, unavailable("The routes have just changed; try again"));
    }
    BoundArguments arguments;
    if (auto refusal = bind(*route, path, request, arguments)) {
      return answer(request, *exchange, std::move(*refusal));
    }
    if (route->lane != LaneName::read) start_others();  // not begun yet in the first moments
    lane(route->lane)
        .submit(std::make_unique<RouteCall>(routes, *route, std::move(arguments), std::move(exchange), cors_,
                                            cors_.allowed_origin(request)));
  }

  void stop() override {
    is_stopping_ = true;
    for (Lane* lane : {&read_, &call_, &hash_}) lane->stop();
  }

 private:
  struct BuiltIn {
    std::string_view path;
    void (GatewayApplication::*answer)(const Request&, const ExchangePointer&);
  };

  static const BuiltIn* find_built_in(std::string_view path) {
    static constexpr std::array kBuiltIns{BuiltIn{"/api/health", &GatewayApplication::answer_health},
                                          BuiltIn{"/api/health/live", &GatewayApplication::answer_live},
                                          BuiltIn{"/api/health/ready", &GatewayApplication::answer_ready},
                                          BuiltIn{"/metrics", &GatewayApplication::answer_metrics},
                                          BuiltIn{"/openapi.json", &GatewayApplication::answer_openapi}};
    for (const BuiltIn& built_in : kBuiltIns) {
      if (built_in.path == path) return &built_in;
    }
    return nullptr;
  }

  static Reply wrong_method(std::string_view method, std::string_view allow) {
    Reply reply;
    if (method == "OPTIONS") {
      reply.status = 204;
    } else {
      reply = problem(405, "Method Not Allowed");
    }
    reply.headers.emplace_back("Allow", allow);
    return reply;
  }

  void admit_route(const Request& request, Exchange& exchange, Admission& admission) {
    const std::string_view tenant = request.header("x-tenant-id");
    if (tenant.data() != nullptr && !equals_ignoring_case(tenant, settings_.default_tenant)) {
      admission.refusal = problem(404, "Tenant not found");
      return;
    }
    const RoutesPointer& routes = current_routes();
    if (!routes) {
      admission.refusal = unavailable("The gateway has not reached its database yet; try again");
      return;
    }
    PathSegments path;
    if (!path.split(request.path)) {
      admission.refusal = problem(400, "The path has a malformed percent-escape");
      return;
    }
    RouteMatch match = routes->table.find(request.method, path);
    if (!match.pattern.empty()) exchange.set_route(match.pattern);
    if (match.route != nullptr) {
      admission.maximum_body = match.route->maximum_body;
    } else if (!match.allow.empty()) {
      admission.refusal = wrong_method(request.method, match.allow);
    } else {
      admission.refusal = problem(404, "Not Found");
    }
  }

  void answer(const Request& request, Exchange& exchange, Reply reply) {
    cors_.decorate(reply, cors_.allowed_origin(request));
    exchange.answer(std::move(reply));
  }

  Lane& lane(LaneName name) {
    if (name == LaneName::read) return read_;
    return name == LaneName::call ? call_ : hash_;
  }

  void connect_after_first(EventLoop::Clock::time_point deadline) {
    if (is_stopping_) return;
    if (store_.has_connected() || loop_.now() >= deadline) return connect();
    loop_.at(loop_.now() + kPeerPause, [this, alive = is_alive_, deadline] {
      if (*alive) connect_after_first(deadline);
    });
  }

  void connect() {
    read_.start([this] {
      store_.note_connection();
      if (!others_started_) return with_routes({}, [this] { after_routes(); });
      after_routes();
      if (!store_.is_loading()) load_routes({});
    });
    start_others_at(loop_.now() + kOthersStart);
  }

  // What one lane has found out is worth knowing for the others.
  void after_routes() {
    check_parameter_logging();
    if (!others_started_) return start_others_at(loop_.now() + kOthersPause);
    call_.retry_now();
    hash_.retry_now();
  }

  void start_others_at(EventLoop::Clock::time_point time) {
    loop_.at(time, [this, alive = is_alive_] {
      if (*alive) start_others();
    });
  }

  void start_others() {
    if (others_started_ || is_stopping_) return;
    others_started_ = true;
    call_.start([this] { read_.retry_now(); });
    hash_.start([this] { read_.retry_now(); });
  }

  // This worker's pointer has a reference count of its own, so that requests of different workers do not
  // fight for one cache line.
  const RoutesPointer& current_routes() {
    const std::uint64_t generation = store_.generation();
    if (generation != generation_) {
      RoutesPointer shared = store_.current();
      const PublishedRoutes* published = shared.get();
      routes_ = RoutesPointer(published, [shared = std::move(shared)](const PublishedRoutes*) {});
      generation_ = generation;
    }
    return routes_;
  }

  // --- Built-in endpoints ---------------------------------------------------------------------------------

  void answer_live(const Request& request, const ExchangePointer& exchange) {
    Reply reply;
    reply.body = R"({"status":"alive"})";
    answer(request, *exchange, std::move(reply));
  }

  void answer_ready(const Request& request, const ExchangePointer& exchange) {
    if (is_stopping_) return answer(request, *exchange, unavailable("The gateway is stopping"));
    ask_database(request, exchange, [](const std::string&, std::chrono::nanoseconds) {
      Reply reply;
      reply.body = R"({"status":"ready"})";
      return reply;
    });
  }

  void answer_metrics(const Request& request, const ExchangePointer& exchange) {
    Reply reply;
    reply.body = metrics_.exposition();
    reply.content_type = Metrics::content_type;
    answer(request, *exchange, std::move(reply));
  }

  void answer_openapi(const Request& request, const ExchangePointer& exchange) {
    const RoutesPointer& routes = current_routes();
    if (!routes) {
      return answer(request, *exchange, unavailable("The gateway has not reached its database yet"));
    }
    Reply reply;
    reply.body = routes->openapi();
    answer(request, *exchange, std::move(reply));
  }

  void answer_health(const Request& request, const ExchangePointer& exchange) {
    ask_database(request, exchange, healthy);
  }

  // Answers `good`, given the extension's version and how long the database took to say it, or 503 with what
  // is wrong.
  void ask_database(const Request& request, const ExchangePointer& exchange,
                    Reply (*good)(const std::string&, std::chrono::nanoseconds)) {
    const auto reply_with = [this, origin = cors_.allowed_origin(request)](Exchange& target, Reply reply) {
      cors_.decorate(reply, origin);
      target.answer(std::move(reply));
    };
    loop_.at(loop_.now() + kHealthTimeout,
             [alive = is_alive_, reply_with, waiting = std::weak_ptr<Exchange>(exchange)] {
               const ExchangePointer target = waiting.lock();
               if (*alive && target) reply_with(*target, unavailable("the database does not answer"));
             });
    const auto begin = std::chrono::steady_clock::now();
    const auto on_version = [this, begin, good, reply_with, exchange](const PGresult* result) {
      if (result == nullptr) {
        return reply_with(*exchange, unavailable("cannot connect to the database, or it was lost"));
      }
      if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return reply_with(*exchange, unavailable("the database does not answer queries"));
      }
      if (PQntuples(result) == 0) return reply_with(*exchange, unavailable(kNotInstalled));
      const std::string version = PQgetvalue(result, 0, 0);
      const auto latency = std::chrono::steady_clock::now() - begin;
      const auto answer_version = [this, version, latency, good, reply_with, exchange] {
        if (!current_routes()) return reply_with(*exchange, unavailable(kNotInstalled));
        if (call_.is_hopeless() || hash_.is_hopeless()) {
          return reply_with(*exchange,
                            unavailable("the database accepts too few connections: it only reads"));
        }
        reply_with(*exchange, good(version, latency));
      };
      with_routes(version, answer_version);
    };
    read_.submit_first(std::make_unique<QueryCall>(
        "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'auth_api'", on_version));
  }

  static Reply healthy(const std::string& extension_version, std::chrono::nanoseconds latency) {
    const double microseconds = std::chrono::duration<double, std::micro>(latency).count();
    const nlohmann::ordered_json document = {
        {"status", "healthy"},
        {"database",
         {{"extension_version", extension_version}, {"latency_ms", std::round(microseconds) / 1000}}},
        {"version", AUTH_API_VERSION}};
    Reply reply;
    reply.body = document.dump();
    return reply;
  }

  // Calls `done` when the routes are those of the version, any if it is empty, or could not be loaded. Waits
  // for who is loading them now.
  void with_routes(const std::string& version, const std::function<void()>& done) {
    const RoutesPointer& routes = current_routes();
    if (routes && (version.empty() || routes->extension_version == version)) return done();
    if (!store_.is_loading()) return load_routes(done);
    loop_.at(loop_.now() + kPeerPause, [this, alive = is_alive_, version, done] {
      if (*alive) with_routes(version, done);
    });
  }

  // --- What a new connection is asked first ---------------------------------------------------------------

  // `done` is called when the table is loaded, or cannot be.
  void load_routes(const std::function<void()>& done) {
    read_.submit_first(std::make_unique<QueryCall>(
        kRoutesQuery, [this, done, loading = store_.begin_loading()](const PGresult* result) {
          if (result != nullptr && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
            store_.publish(read_route_rows(result), read_extension_version(result), settings_.root_path);
            has_told_of_routes_ = false;
          } else if (result != nullptr) {
            routes_failed(result);
          }
          if (done) done();
        }));
  }

  void routes_failed(const PGresult* result) {
    if (!has_told_of_routes_) {
      has_told_of_routes_ = true;
      const char* reason = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
      log(LogLevel::error, "the routes cannot be read",
          {{"reason", reason == nullptr ? "there are none" : reason},
           {"advice", statement_advice(sqlstate_of(result))}});
    }
    if (current_routes()) return;  // the old ones serve until the next connection or health check
    loop_.at(loop_.now() + kRoutesRetry, [this, alive = is_alive_] {
      if (*alive && !is_stopping_ && !current_routes()) load_routes({});
    });
  }

  // Bound parameters hold passwords, and a server that logs statements logs those as well.
  void check_parameter_logging() {
    if (!store_.claim_log_check()) return;
    read_.submit_first(std::make_unique<QueryCall>(
        "SELECT pg_catalog.format('ALTER ROLE %I SET log_parameter_max_length = 0;', session_user)"
        " WHERE pg_catalog.current_setting('log_parameter_max_length') <> '0'",
        [](const PGresult* result) {
          if (result == nullptr || PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0)
            return;
          log(LogLevel::warning,
              "whenever the server logs a statement it logs its parameters, passwords among them; "
              "a superuser can prevent that",
              {{"sql", PQgetvalue(result, 0, 0)}});
        }));
  }

  EventLoop& loop_;
  const Settings& settings_;
  Metrics& metrics_;
  RouteStore& store_;
  const Cors cors_;
  OverflowBudget overflow_;
  Lane read_, call_, hash_;
  bool others_started_ = false;
  RoutesPointer routes_;
  std::uint64_t generation_ = 0;
  bool is_stopping_ = false;
  bool has_told_of_routes_ = false;
  std::shared_ptr<bool> is_alive_ =
      std::make_shared<bool>(true);  // asked by timers, which cannot be taken back
};

}  // namespace

std::unique_ptr<Application> make_application(EventLoop& loop, const Settings& settings, Metrics& metrics) {
  return std::make_unique<GatewayApplication>(loop, settings, metrics, route_store());
}

}  // namespace gateway

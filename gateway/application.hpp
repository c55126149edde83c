// What the gateway does with a request: finds its route, binds its arguments, calls the one function,
// answers. One a worker; the server (transport) calls it and knows nothing of routes or databases.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "event_loop.hpp"
#include "exchange.hpp"
#include "request.hpp"

namespace gateway {

class Metrics;
struct Settings;

// What the transport must know once the head is there and before it reads a body.
struct Admission {
  std::optional<Reply> refusal;  // 404, 405 (with Allow), 204 for a CORS preflight: answer this, read no body
  std::size_t maximum_body = 65536;  // otherwise: bytes this route accepts; more is a 413
};

class Application {
 public:
  virtual ~Application() = default;

  // Opens the database connections (without waiting for them). Called once, before the worker takes requests.
  virtual void start() = 0;

  // Called when a head is complete; `request.body` is still empty.
  virtual Admission admit(const Request& request, Exchange& exchange) = 0;

  // Called with the whole request. Answers through `exchange`, at once or later.
  virtual void handle(const Request& request, ExchangePointer exchange) = 0;

  // The server is stopping: answer what is in flight, open nothing new, report not ready.
  virtual void stop() = 0;
};

// The real one (application.cpp). `loop`, `settings` and `metrics` outlive it.
std::unique_ptr<Application> make_application(EventLoop& loop, const Settings& settings, Metrics& metrics);

}  // namespace gateway

// The process as a server: listens, starts the workers, waits for a signal, stops in order.
#pragma once

#include <functional>
#include <memory>

#include "application.hpp"
#include "metrics.hpp"
#include "settings.hpp"

namespace gateway {

using ApplicationFactory =
    std::function<std::unique_ptr<Application>(EventLoop& loop, const Settings& settings, Metrics& metrics)>;

// Serves until SIGTERM or SIGINT and returns the exit status. The first signal stops accepting, lets what is
// in flight finish (at most settings.shutdown_timeout) and ends with 0; a second one ends the process at
// once. Call on the main thread before any other thread exists: it blocks those signals, and threads inherit
// that. `make_application` is called once a worker, on the calling thread. Throws when it cannot listen.
int serve(const Settings& settings, const ApplicationFactory& make_application = gateway::make_application);

}  // namespace gateway

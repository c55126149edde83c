// Resolves the database's host names without holding up the worker.
//
// libpq would call getaddrinfo() in the middle of PQconnectPoll(), and that waits for a name server: for
// seconds when there is none, with every client of the worker. So names are looked up on a thread of their
// own, and libpq is given addresses (hostaddr) beside the names, which it still needs to check certificates.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "event_loop.hpp"

namespace gateway {

// One place to connect to, as libpq's parameters host, hostaddr and port have it.
struct HostAddress {
  std::string host;     // a name, an address, or the directory of a Unix socket; empty: libpq's default
  std::string address;  // numeric; empty: libpq takes it from `host`
  std::string port;     // empty: libpq's default
};

struct HostAddresses {
  std::vector<HostAddress> entries;
  std::string error;  // set when none is left; for the log
};

// Gives every host that is a name its addresses, in order; a name with several becomes several entries, one
// that is unknown none. Blocks.
HostAddresses resolve_hosts(const std::vector<HostAddress>& hosts);

// True when one of them is a name without an address.
bool needs_lookup(const std::vector<HostAddress>& hosts);

// One lookup. Belongs to the worker's thread; destroying it forgets the answer.
class HostLookup final : public Watcher {
 public:
  using Callback = std::function<void(const HostAddresses& addresses)>;

  // `loop` outlives it. `done` is called once, on the worker's thread, never from here, and may destroy the
  // lookup. Throws std::system_error when there is no thread or descriptor to be had.
  HostLookup(EventLoop& loop, std::vector<HostAddress> hosts, Callback done);
  ~HostLookup() override;
  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;

  void on_ready(Interest ready) override;

 private:
  struct Work;
  EventLoop& loop_;
  Callback done_;
  std::shared_ptr<Work> work_;  // shared with the thread, which nothing can interrupt
};

}  // namespace gateway

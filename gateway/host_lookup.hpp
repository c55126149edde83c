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

// Where to connect, as libpq's parameters host, hostaddr and port: lists with a comma, one entry an address.
struct HostAddresses {
  std::string host, hostaddr, port;
  std::string error;  // no name could be resolved; for the log
};

// One entry a host, in order, as the connection string has them. A name with several addresses becomes
// several entries; a directory (Unix socket) or an address stays what it is. Blocks. `ports`: none, one, or
// one a host.
HostAddresses resolve_hosts(const std::vector<std::string>& hosts, const std::vector<std::string>& ports);

// True when one of them is a name.
bool needs_lookup(const std::vector<std::string>& hosts);

// One lookup. Belongs to the worker's thread; destroying it forgets the answer.
class HostLookup final : public Watcher {
 public:
  using Callback = std::function<void(const HostAddresses& addresses)>;

  // `loop` outlives it. `done` is called once, on the worker's thread, never from here, and may destroy the
  // lookup. Throws std::system_error when there is no thread or descriptor to be had.
  HostLookup(EventLoop& loop, std::vector<std::string> hosts, std::vector<std::string> ports, Callback done);
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

#include "host_lookup.hpp"

#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "client_address.hpp"

namespace gateway {
namespace {

bool is_name(const HostAddress& entry) {
  const std::string& host = entry.host;
  return entry.address.empty() && !host.empty() && host.front() != '/' && host.front() != '@' &&
         !parse_address(host);
}

// The addresses of a name; empty, and `error` says why, when it has none.
std::vector<std::string> addresses_of(const std::string& name, std::string& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    error = "could not translate host name \"" + name + "\" to address: " + gai_strerror(failure);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

}  // namespace

HostAddresses resolve_hosts(const std::vector<HostAddress>& hosts) {
  HostAddresses result;
  for (const HostAddress& host : hosts) {
    if (!is_name(host)) {
      result.entries.push_back(host);
      continue;
    }
    for (const std::string& address : addresses_of(host.host, result.error)) {
      result.entries.push_back({host.host, address, host.port});
    }
  }
  if (!result.entries.empty()) result.error.clear();
  return result;
}

bool needs_lookup(const std::vector<HostAddress>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(), is_name);
}

struct HostLookup::Work {
  std::vector<HostAddress> hosts;
  HostAddresses result;
  std::atomic<bool> is_done = false;
  int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

  explicit Work(std::vector<HostAddress> given_hosts) : hosts(std::move(given_hosts)) {
    if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Work() { close(event); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
};

HostLookup::HostLookup(EventLoop& loop, std::vector<HostAddress> hosts, Callback done)
    : loop_(loop), done_(std::move(done)), work_(std::make_shared<Work>(std::move(hosts))) {
  std::thread([work = work_] {
    try {
      work->result = resolve_hosts(work->hosts);
    } catch (const std::exception& error) {
      work->result.error = error.what();
    }
    work->is_done.store(true, std::memory_order_release);
    eventfd_write(work->event, 1);
  }).detach();
  loop_.watch(work_->event, {.read = true}, *this);
}

HostLookup::~HostLookup() { loop_.unwatch(work_->event); }

void HostLookup::on_ready(Interest /*ready*/) {
  if (!work_->is_done.load(std::memory_order_acquire)) return;
  loop_.unwatch(work_->event);
  const auto work = work_;
  const Callback done = std::move(done_);
  done(work->result);  // may have destroyed this
}

}  // namespace gateway

#include "worker.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <system_error>

namespace gateway {
namespace {

using Pistache::Flags;
using Pistache::Polling::Mode;
using Pistache::Polling::NotifyOn;
using Pistache::Polling::Tag;

constexpr std::size_t input_size = 65536;

// Pistache hands every new peer to a Tcp::Handler; this one hands it on to the worker, which reads for
// itself.
class PeerHandler final : public Pistache::Tcp::Handler {
 public:
  std::shared_ptr<Pistache::Tcp::Handler> clone() const override { return std::make_shared<PeerHandler>(); }
  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    static_cast<Worker*>(transport())->adopt(peer);
  }
  void onInput(const char*, std::size_t, const std::shared_ptr<Pistache::Tcp::Peer>&) override {}
};

IpAddress peer_address(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  IpAddress result{};
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return result;
  if (address.ss_family == AF_INET6) {
    std::memcpy(result.data(), &reinterpret_cast<sockaddr_in6&>(address).sin6_addr, result.size());
  } else {
    result[10] = result[11] = 0xff;
    std::memcpy(result.data() + 12, &reinterpret_cast<sockaddr_in&>(address).sin_addr, 4);
  }
  return result;
}

// Request ids made here: "<64 random bits of the worker>-<counter>".
std::string make_id_prefix() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 8> random{};
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  std::string prefix;
  for (const unsigned char byte : random) (prefix += digits[byte >> 4]) += digits[byte & 15];
  return prefix + "-";
}

template <typename Table>
void grow_to(Table& table, int descriptor) {
  const auto needed = static_cast<std::size_t>(descriptor) + 1;
  if (table.size() < needed) table.resize(needed);
}

template <typename Table>
auto at_or_null(const Table& table, int descriptor) -> typename Table::value_type {
  const auto index = static_cast<std::size_t>(descriptor);
  return index < table.size() ? table[index] : nullptr;
}

}  // namespace

std::shared_ptr<Worker> Worker::make_prototype(ServerState& state) {
  return std::make_shared<Worker>(std::make_shared<PeerHandler>(), state);
}

Worker::Worker(const std::shared_ptr<Pistache::Tcp::Handler>& handler, ServerState& state)
    : Transport(handler),
      state_(state),
      handler_(handler),
      stop_watcher_([this] { stop(); }),
      admin_watcher_([this] { accept_admin(); }) {}

Worker::~Worker() {
  // The application goes first: exchanges that it still holds find no connection any more.
  connections_.clear();
  newcomers_.clear();
  workbench_.reset();
  if (stop_event_ >= 0) close(stop_event_);
}

std::shared_ptr<Pistache::Aio::Handler> Worker::clone() const {
  return std::make_shared<Worker>(handler_->clone(), state_);
}

void Worker::registerPoller(Pistache::Polling::Epoll& poller) {
  Transport::registerPoller(poller);
  poller_ = &poller;
  workbench_ = std::make_unique<Workbench>(Workbench{.host = *this,
                                                     .loop = *this,
                                                     .settings = state_.settings,
                                                     .stopping = state_.stopping,
                                                     .request_metrics = RequestMetrics(state_.metrics),
                                                     .access_log = {},
                                                     .application = state_.make_application(*this),
                                                     .input = std::vector<char>(input_size),
                                                     .output = {},
                                                     .request = {},
                                                     .id_prefix = make_id_prefix()});
  stop_event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (stop_event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  state_.stop_events.push_back(stop_event_);
  watch(stop_event_, {.read = true}, stop_watcher_);
  watch(timers_.descriptor(), {.read = true}, timers_);
  if (state_.workers++ == 0 && state_.admin_listener >= 0)
    watch(state_.admin_listener, {.read = true}, admin_watcher_);
  look_for_missed_peers();
  workbench_->application->start();
}

// One turn of the loop.
void Worker::onReady(const Pistache::Aio::FdSet& events) {
  now_ = Clock::now();
  for (std::size_t i = 0; i < events.size(); ++i) {
    // Pistache keeps the flag of a half-closed connection in a private base; a C cast is the one that may go
    // there.
    const auto& event = (const Pistache::Polling::Event&)events[i];  // NOLINT(google-readability-casting)
    dispatch(static_cast<int>(event.tag.value()), event.flags);
  }
  finish_turn();
}

void Worker::dispatch(int descriptor, Flags<NotifyOn> flags) {
  if (const auto connection = at_or_null(connections_, descriptor)) {
    const ClientConnection::Readiness ready{.read = flags.hasFlag(NotifyOn::Read),
                                            .write = flags.hasFlag(NotifyOn::Write),
                                            .has_ended = flags.hasFlag(NotifyOn::Shutdown),
                                            .is_gone = flags.hasFlag(NotifyOn::Hangup)};
    guard(connection, [&] { connection->on_ready(ready); });
  } else if (Watcher* watcher = at_or_null(watchers_, descriptor)) {
    // An error alone has no flag at all: let the watcher find out by reading.
    const bool write = flags.hasFlag(NotifyOn::Write);
    try {
      const bool read = flags.hasFlag(NotifyOn::Read) || flags.hasFlag(NotifyOn::Hangup) || !write;
      watcher->on_ready({.read = read, .write = write});
    } catch (const std::exception& error) {
      log(LogLevel::error, "event handler failed", {{"error", error.what()}});
    }
  } else if (std::find(unwatched_.begin(), unwatched_.end(), descriptor) == unwatched_.end()) {
    pass_to_pistache(descriptor);
  }
}

// The transport's own eventfds. Only the queue of new peers is ever used.
void Worker::pass_to_pistache(int descriptor) {
  Pistache::Polling::Event event{Tag(static_cast<std::uint64_t>(descriptor))};
  event.flags.setFlag(NotifyOn::Read);
  const std::size_t before = newcomers_.size();
  try {
    std::vector<Pistache::Polling::Event> events;
    events.push_back(event);
    Transport::onReady(Pistache::Aio::FdSet(std::move(events)));
  } catch (const std::exception& error) {
    log(LogLevel::error, "a new connection could not be taken over", {{"error", error.what()}});
  }
  if (newcomers_.size() > before) peers_queue_ = descriptor;
}

// Pistache's queue clears its eventfd after it was found empty; a peer that is pushed just in between is not
// told of (mailbox.h, PollableQueue::pop). So the queue is looked at again once a second.
void Worker::look_for_missed_peers() {
  if (peers_queue_ >= 0) pass_to_pistache(peers_queue_);
  at(now_ + std::chrono::seconds(1), [this] { look_for_missed_peers(); });
}

void Worker::adopt(const std::shared_ptr<Pistache::Tcp::Peer>& peer) {
  const int descriptor = peer->fd();
  auto connection =
      std::make_shared<ClientConnection>(descriptor, peer_address(descriptor), accepting_admin_, *workbench_);
  grow_to(connections_, descriptor);
  connections_[static_cast<std::size_t>(descriptor)] = connection;
  newcomers_.push_back(std::move(connection));
  ++state_.connections;
  state_.metrics.connections().Increment();
}

// Newcomers begin only now, because Pistache registers them in the epoll after it told of them.
void Worker::finish_turn() {
  while (!newcomers_.empty() || !to_resume_.empty()) {
    for (const auto& connection : std::exchange(newcomers_, {})) {
      guard(connection, [&] {
        connection->start();
        if (state_.stopping) connection->turn_away("The server is stopping");
        if (state_.connections > state_.maximum_connections) {
          connection->turn_away("The server has as many connections as it can serve; try again later");
        }
      });
    }
    for (const int descriptor : std::exchange(to_resume_, {})) {
      const auto connection = at_or_null(connections_, descriptor);
      if (connection) guard(connection, [&] { connection->advance(); });
    }
  }
  for (const int descriptor : std::exchange(to_remove_, {})) {
    connections_[static_cast<std::size_t>(descriptor)].reset();
    const auto peer = peers.at(descriptor);  // removePeer() must not be given a reference into `peers`
    removePeer(peer);
    state_.metrics.connections().Decrement();
    --state_.connections;
  }
  // Setting TCP_NODELAY sends what TCP_CORK has held back and leaves the cork in (tcp(7)).
  for (const int descriptor : std::exchange(to_push_, {})) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  unwatched_.clear();
  workbench_->access_log.hand_over();
}

// An exception that leaves onReady() would end the process; it may cost its connection at most.
template <typename Function>
void Worker::guard(const std::shared_ptr<ClientConnection>& connection, Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    log(LogLevel::error, "a connection failed", {{"error", error.what()}});
    connection->close();
  }
}

void Worker::watch(int descriptor, Interest interest, Watcher& watcher) {
  grow_to(watchers_, descriptor);
  Watcher*& entry = watchers_[static_cast<std::size_t>(descriptor)];
  Flags<NotifyOn> flags;
  if (interest.read) flags.setFlag(NotifyOn::Read);
  if (interest.write) flags.setFlag(NotifyOn::Write);
  const Tag tag(static_cast<std::uint64_t>(descriptor));
  if (entry == nullptr) {
    poller_->addFd(descriptor, flags, tag);
  } else {
    poller_->rearmFd(descriptor, flags, tag);
  }
  entry = &watcher;
}

void Worker::unwatch(int descriptor) {
  if (at_or_null(watchers_, descriptor) == nullptr) return;
  watchers_[static_cast<std::size_t>(descriptor)] = nullptr;
  unwatched_.push_back(descriptor);
  try {
    poller_->removeFd(descriptor);
  } catch (const std::exception&) {  // closed already, so the kernel has forgotten it
  }
}

void Worker::push_after_turn(int descriptor) {
  if (std::find(to_push_.begin(), to_push_.end(), descriptor) == to_push_.end())
    to_push_.push_back(descriptor);
}

void Worker::rearm(const ClientConnection& connection, bool write) {
  const Flags<NotifyOn> input = Flags<NotifyOn>(NotifyOn::Read) | NotifyOn::Shutdown;
  poller_->rearmFd(connection.descriptor(), write ? input | NotifyOn::Write : input,
                   Tag(static_cast<std::uint64_t>(connection.descriptor())), Mode::Edge);
}

void Worker::resume(const ClientConnection& connection) { to_resume_.push_back(connection.descriptor()); }

void Worker::remove(const ClientConnection& connection) { to_remove_.push_back(connection.descriptor()); }

void Worker::stop() {
  std::uint64_t count = 0;
  if (read(stop_event_, &count, sizeof count) < 0) return;
  if (state_.admin_listener >= 0) unwatch(state_.admin_listener);
  workbench_->application->stop();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto connection = connections_[i];
    if (connection) guard(connection, [&] { connection->on_stop(); });
  }
}

// The loopback-only port has no Pistache Listener of its own, which would bring threads and database
// connections.
void Worker::accept_admin() {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const int descriptor = accept4(state_.admin_listener, reinterpret_cast<sockaddr*>(&address), &length,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) return;
  accepting_admin_ = true;
  handleNewPeer(Pistache::Tcp::Peer::Create(
      descriptor, Pistache::Address::fromUnix(reinterpret_cast<sockaddr*>(&address))));
  accepting_admin_ = false;
}

}  // namespace gateway

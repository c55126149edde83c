#include "server.hpp"

#include <malloc.h>
#include <netinet/in.h>
#include <pistache/listener.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "log.hpp"
#include "version.h"
#include "worker.hpp"

namespace gateway {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int backlog = 1024;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Pistache's accept thread spins when there is no descriptor left, so there are always more than connections.
std::size_t usable_connections(const Settings& settings) {
  constexpr rlim_t other_descriptors = 256;  // a burst that is refused; and below, each worker's own
  const int of_workers = settings.allowed_database_connections() + settings.workers * 16;
  const rlim_t reserve = other_descriptors + static_cast<rlim_t>(of_workers);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = settings.maximum_connections + reserve;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(limit.rlim_max, wanted);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return settings.maximum_connections;
  const std::size_t usable = limit.rlim_cur > reserve ? limit.rlim_cur - reserve : 1;
  log(LogLevel::warning, "fewer connections than GATEWAY_MAX_CONNECTIONS: the limit of open files is too low",
      {{"connections", static_cast<std::int64_t>(usable)},
       {"open_files", static_cast<std::int64_t>(limit.rlim_cur)}});
  return usable;
}

// A socket on 127.0.0.1. Throws when the port is taken.
int listen_on_loopback(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int yes = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(descriptor, 16) != 0) {
    fail("AUTH_API_ADMIN_PORT " + std::to_string(port));
  }
  return descriptor;
}

// The sockets of this process that listen, by descriptor. Pistache does not tell its own.
std::vector<int> listening_sockets() {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename().string());
    int listens = 0;
    socklen_t length = sizeof listens;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0) {
      found.push_back(descriptor);
    }
  }
  return found;
}

// Pistache can only stop accepting together with its workers. Putting a socket that listens to nothing in the
// place of one that does closes that one: the kernel refuses new clients, and the accept thread hears of
// nothing more.
void stop_accepting() {
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (const int descriptor : listening_sockets()) dup2(silent, descriptor);
  close(silent);
}

void wake(const ServerState& state) {
  for (const int descriptor : state.stop_events) {
    const std::uint64_t one = 1;
    if (write(descriptor, &one, sizeof one) < 0) log(LogLevel::error, "a worker could not be told to stop");
  }
}

}  // namespace

int serve(const Settings& settings, const ApplicationFactory& make_application) {
  const Clock::time_point began = Clock::now();
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  static_cast<void>(
      std::signal(SIGPIPE, SIG_IGN));  // libpq's sockets and the log; our own sends ask for no signal
  mallopt(M_ARENA_MAX, 2);             // an arena a thread costs more memory than it saves time here
  start_log(settings.log_level);

  Metrics metrics(AUTH_API_VERSION, settings.allowed_database_connections());
  ServerState state{
      .settings = settings,
      .metrics = metrics,
      .make_application = [&](EventLoop& loop) { return make_application(loop, settings, metrics); },
      .maximum_connections = usable_connections(settings),
      .stop_events = {}};
  if (settings.admin_port != 0) state.admin_listener = listen_on_loopback(settings.admin_port);

  {
    const bool is_v6 = settings.address.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + settings.address + "]" : settings.address;
    Pistache::Tcp::Listener listener(Pistache::Address(host, Pistache::Port(settings.port)));
    listener.init(static_cast<std::size_t>(settings.workers),
                  Pistache::Flags<Pistache::Tcp::Options>(Pistache::Tcp::Options::ReuseAddr) |
                      Pistache::Tcp::Options::NoDelay | Pistache::Tcp::Options::CloseOnExec,
                  "auth-gateway", backlog);
    const std::shared_ptr<Worker> prototype = Worker::make_prototype(state);
    listener.setTransportFactory([&]() -> std::shared_ptr<Pistache::Tcp::Transport> { return prototype; });
    listener.setHandler(prototype->handler());
    listener.bind();
    std::thread accepting([&] {
      try {
        listener.run();
      } catch (const std::exception& error) {
        log(LogLevel::critical, "no more connections can be accepted", {{"error", error.what()}});
        kill(getpid(), SIGTERM);
      }
    });
    const auto started = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    log(LogLevel::info, "listening",
        {{"address", settings.address},
         {"port", settings.port},
         {"workers", settings.workers},
         {"version", AUTH_API_VERSION},
         {"started_in_ms", started.count()}});

    int signal = 0;
    sigwait(&signals, &signal);
    log(LogLevel::info, "stopping", {{"connections", static_cast<std::int64_t>(state.connections.load())}});
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second signal ends the process in the default way
    state.stopping = true;
    stop_accepting();
    wake(state);
    const Clock::time_point deadline = Clock::now() + settings.shutdown_timeout;
    while (state.connections > 0 && Clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (state.connections > 0) {
      log(LogLevel::warning, "stopped before every request was answered",
          {{"connections", static_cast<std::int64_t>(state.connections.load())}});
    }
    listener.shutdown();
    accepting.join();
  }  // joins the workers
  log(LogLevel::info, "stopped");
  stop_log();
  return 0;
}

}  // namespace gateway

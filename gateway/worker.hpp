// A worker: one thread, one epoll, and everything that lives in it: client connections, the application's
// database connections, deadlines.
//
// It is Pistache's Transport, but of Pistache's code only this runs: the accept thread hands a peer over
// through the transport's queue, which registers it in the epoll; and removePeer() closes it. Input and
// output events never reach Pistache: its reader cannot be held back, and its writer spins when a client is
// slow (docs/security.md).
#pragma once

#include <pistache/peer.h>
#include <pistache/tcp.h>
#include <pistache/transport.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "client_connection.hpp"
#include "event_loop.hpp"
#include "timers.hpp"

namespace gateway {

// What all workers of a server share. Outlives them.
struct ServerState {
  const Settings& settings;
  Metrics& metrics;
  std::function<std::unique_ptr<Application>(EventLoop&)> make_application;
  std::size_t maximum_connections;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> stopping = false;
  std::atomic<int> workers = 0;
  std::vector<int> stop_events;  // an eventfd a worker; writing to it makes the worker see `stopping`
  int admin_listener = -1;       // a listening socket that the first worker accepts from; -1: none
};

class Worker final : public Pistache::Tcp::Transport, public EventLoop, private ConnectionHost {
 public:
  // What Pistache's Listener asks for: a prototype, of which it clones one a thread. The prototype itself
  // never runs.
  static std::shared_ptr<Worker> make_prototype(ServerState& state);

  Worker(const std::shared_ptr<Pistache::Tcp::Handler>& handler, ServerState& state);

  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Pistache's Aio::Handler. registerPoller() is called on the main thread, before the worker's own begins.
  std::shared_ptr<Pistache::Aio::Handler> clone() const override;
  void registerPoller(Pistache::Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& events) override;

  // Given to Pistache together with the prototype.
  const std::shared_ptr<Pistache::Tcp::Handler>& handler() const { return handler_; }

  // EventLoop.
  void watch(int descriptor, Interest interest, Watcher& watcher) override;
  void unwatch(int descriptor) override;
  void push_after_turn(int descriptor) override;
  void at(Clock::time_point when, std::function<void()> callback) override {
    timers_.at(when, std::move(callback));
  }
  Clock::time_point now() const override { return now_; }

  // A new client: called by Pistache's handler on this worker's thread.
  void adopt(const std::shared_ptr<Pistache::Tcp::Peer>& peer);

 private:
  // A descriptor of our own that only needs a function called.
  class Callback final : public Watcher {
   public:
    explicit Callback(std::function<void()> function) : function_(std::move(function)) {}
    void on_ready(Interest) override { function_(); }

   private:
    std::function<void()> function_;
  };

  void dispatch(int descriptor, Pistache::Flags<Pistache::Polling::NotifyOn> flags);
  void pass_to_pistache(int descriptor);
  void finish_turn();
  void look_for_missed_peers();
  void stop();
  void accept_admin();
  template <typename Function>
  void guard(const std::shared_ptr<ClientConnection>& connection, Function function);

  void rearm(const ClientConnection& connection, bool write) override;
  void resume(const ClientConnection& connection) override;
  void remove(const ClientConnection& connection) override;

  ServerState& state_;
  std::shared_ptr<Pistache::Tcp::Handler> handler_;
  Pistache::Polling::Epoll* poller_ = nullptr;
  Clock::time_point now_ = Clock::now();
  Timers timers_;
  Callback stop_watcher_;
  Callback admin_watcher_;
  int stop_event_ = -1;
  int peers_queue_ = -1;  // Pistache's eventfd for new peers, once it is known
  bool accepting_admin_ = false;
  std::unique_ptr<Workbench> workbench_;
  std::vector<std::shared_ptr<ClientConnection>> connections_;  // by descriptor
  std::vector<Watcher*> watchers_;                              // by descriptor
  std::vector<std::shared_ptr<ClientConnection>> newcomers_;
  std::vector<int> to_resume_;
  std::vector<int> to_remove_;
  std::vector<int> to_push_;    // corked sockets that were written to in this turn
  std::vector<int> unwatched_;  // in this turn: events for them may still be in the batch
};

}  // namespace gateway

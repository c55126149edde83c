// One request's way back to its connection: answered once, and with a 500 when it is let go of without an
// answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "event_loop.hpp"
#include "exchange.hpp"

namespace gateway {

class ClientConnection;

// Lives as long as the application needs it, perhaps longer than the connection; then its answer goes
// nowhere.
class PendingExchange final : public Exchange {
 public:
  PendingExchange(ClientConnection& connection, std::string_view method, std::string request_id);
  ~PendingExchange() override;
  PendingExchange(const PendingExchange&) = delete;
  PendingExchange& operator=(const PendingExchange&) = delete;

  void answer(Reply reply) override;
  bool is_open() const override;
  void set_route(std::string_view pattern) override { route_ = pattern; }
  std::string_view request_id() const override { return request_id_; }

  // For log and metrics: one of the known methods, or "other"; of static life time.
  std::string_view method() const { return method_; }
  std::string_view route() const { return route_; }
  EventLoop::Clock::time_point began() const { return began_; }

 private:
  std::weak_ptr<ClientConnection> connection_;
  std::string_view method_;
  std::string route_ = "unmatched";  // a copy: the route table may be loaded anew while a body arrives
  std::string request_id_;
  EventLoop::Clock::time_point began_ = EventLoop::Clock::now();
  bool is_answered_ = false;
};

}  // namespace gateway

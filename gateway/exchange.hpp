// The way back of one request: answered exactly once, now or later, on the worker's own thread.
#pragma once

#include <memory>
#include <string_view>

#include "reply.hpp"

namespace gateway {

// Implemented by the server's connection. Shared between whatever works on the request; when the last owner
// lets go without an answer, the implementation answers 500, so that no client ever waits for nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Sends the reply. A second call, or a call after the client has left, does nothing.
  virtual void answer(Reply reply) = 0;

  // The client is still there and unanswered: work that has not begun can be dropped when this is false.
  virtual bool is_open() const = 0;

  // The route's pattern ("/api/auth/sessions/{session_id}") for log and metrics; copied. Never called:
  // "unmatched".
  virtual void set_route(std::string_view pattern) = 0;

  virtual std::string_view request_id() const = 0;
};

using ExchangePointer = std::shared_ptr<Exchange>;

}  // namespace gateway

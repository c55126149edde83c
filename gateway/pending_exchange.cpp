#include "pending_exchange.hpp"

#include "client_connection.hpp"

namespace gateway {
namespace {

std::string_view known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "other";
}

}  // namespace

PendingExchange::PendingExchange(ClientConnection& connection, std::string_view method,
                                 std::string request_id)
    : connection_(connection.weak_from_this()),
      method_(known_method(method)),
      request_id_(std::move(request_id)) {}

PendingExchange::~PendingExchange() {
  if (is_answered_) return;
  try {
    answer(problem(500, "The request was not answered"));
  } catch (...) {  // out of memory
    if (const auto connection = connection_.lock()) connection->close();
  }
}

void PendingExchange::answer(Reply reply) {
  if (is_answered_) return;
  is_answered_ = true;
  if (const auto connection = connection_.lock()) connection->respond(*this, reply);
}

bool PendingExchange::is_open() const {
  if (is_answered_) return false;
  const auto connection = connection_.lock();
  return connection && connection->current_ == this && !connection->has_left_;
}

}  // namespace gateway

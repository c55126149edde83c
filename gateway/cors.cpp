#include "cors.hpp"

#include <algorithm>

namespace gateway {

Cors::Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {
  any_ = std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
}

std::string Cors::allowed_origin(const Request& request) const {
  if (origins_.empty()) return {};
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return {};
  if (std::find(origins_.begin(), origins_.end(), origin) != origins_.end()) return std::string(origin);
  return any_ ? "*" : "";
}

void Cors::decorate(Reply& reply, std::string_view allowed_origin) const {
  if (origins_.empty()) return;
  if (!allowed_origin.empty()) {
    std::string exposed = "X-Request-ID";
    for (const auto& header : reply.headers) exposed.append(", ").append(header.first);
    reply.headers.emplace_back("Access-Control-Allow-Origin", allowed_origin);
    if (allowed_origin != "*") reply.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    reply.headers.emplace_back("Access-Control-Expose-Headers", std::move(exposed));
  }
  reply.headers.emplace_back("Vary", "Origin");  // also without permission: a cache must not mix the two
}

bool Cors::is_preflight(const Request& request) {
  return request.method == "OPTIONS" && request.header("origin").data() != nullptr &&
         request.header("access-control-request-method").data() != nullptr;
}

Reply Cors::preflight(const Request& request) const {
  Reply reply;
  reply.status = 204;
  const std::string origin = allowed_origin(request);
  if (!origin.empty()) {
    reply.headers.emplace_back("Access-Control-Allow-Origin", origin);
    if (origin != "*") reply.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    reply.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    if (const std::string_view asked = request.header("access-control-request-headers"); !asked.empty()) {
      reply.headers.emplace_back("Access-Control-Allow-Headers", asked);
    }
    reply.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  reply.headers.emplace_back("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return reply;
}

}  // namespace gateway

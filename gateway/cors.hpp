// Cross-origin requests (Fetch standard, "CORS protocol"): which origins a browser may let read our answers.
//
// An origin that is listed is named back and may send credentials. "*" lets any origin read, without
// credentials.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reply.hpp"
#include "request.hpp"

namespace gateway {

class Cors {
 public:
  explicit Cors(std::vector<std::string> origins);

  // What Access-Control-Allow-Origin says to this request: its origin, "*", or empty for nothing.
  std::string allowed_origin(const Request& request) const;

  // Adds the CORS headers; `allowed_origin` from above. Every header that the reply has of its own is
  // exposed.
  void decorate(Reply& reply, std::string_view allowed_origin) const;

  static bool is_preflight(const Request& request);

  // The answer to a preflight: 204, with permission or without.
  Reply preflight(const Request& request) const;

 private:
  std::vector<std::string> origins_;
  bool any_ = false;
};

}  // namespace gateway

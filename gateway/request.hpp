// One HTTP request as the framer hands it on: checked, split, still percent-encoded.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

// A header field: the name in lower case, the value without surrounding white space.
using HeaderView = std::pair<std::string_view, std::string_view>;

// Every view points into the connection's input buffer and is valid only until the callee returns: whoever
// answers later copies what it needs. Belongs to the worker's thread.
struct Request {
  std::string_view method;          // token of RFC 9110 section 9, as sent (case matters)
  std::string_view path;            // begins with '/', percent-encoded, without --root-path
  std::string_view query;           // without '?', percent-encoded; empty when absent
  std::vector<HeaderView> headers;  // in the order sent
  std::string_view body;            // exactly Content-Length bytes; empty until it has arrived
  std::string_view request_id;      // X-Request-ID if it was well-formed, else one of ours
  std::string_view client_ip;       // the peer, or what a trusted proxy says (TRUSTED_PROXIES)

  // The first field of that (lower-case) name; empty view with data() == nullptr when there is none.
  std::string_view header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
      if (field == name) return value;
    }
    return {};
  }
};

}  // namespace gateway

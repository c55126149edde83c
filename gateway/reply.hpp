// One HTTP response before it is put on the wire, and the one shape that every refusal has.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

struct Reply {
  int status = 200;
  std::string body;  // empty for 204
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // beyond those that every response carries
};

// One entry of a 422's `errors`, in the replaced system's shape: {"loc": ["body", "email"], "msg": …, "type":
// …}.
struct InputError {
  std::vector<std::string> location;  // e.g. {"body", "email"}
  std::string message;                // "Field required"
  std::string type;                   // "missing", "string_type", "json_invalid", …
};

// An RFC 9457 problem document (application/problem+json). `detail` reaches the client: it names no row's
// value.
Reply problem(int status, std::string_view detail, const std::vector<InputError>& errors = {});

// The reason phrase of RFC 9110 section 15, or "Unknown".
std::string_view reason_phrase(int status);

// The bytes of a response: status line, headers that every response carries (Date, Content-Type,
// Content-Length, X-Request-ID, Cache-Control: no-store unless the reply sets its own,
// X-Content-Type-Options, Connection), the reply's own headers, body. A header with CR, LF or NUL in it is
// dropped, never written. `head_only` leaves the body out but keeps its length (HEAD).
void append_response(std::string& out, const Reply& reply, std::string_view request_id, bool keep_alive,
                     bool head_only);

}  // namespace gateway

// From a request to the arguments of its route's function, by name (docs: "The waist").
//
// An argument that begins with '_' comes from the gateway and never from the client. The others come from the
// path, else from a member of the JSON body, else from the query string; JSON null counts as absent. What is
// absent and has a default is left out of the call. Members and parameters that no argument names are
// ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reply.hpp"
#include "request.hpp"
#include "routes.hpp"

namespace gateway {

// The arguments of one call, as text for PostgreSQL. Owns its bytes, so the request may go.
class BoundArguments {
 public:
  // The arguments that are given, a bit each, in the order of Route::arguments.
  std::uint64_t given() const { return given_; }

  // Only in ascending order of `argument`.
  void add(std::size_t argument, std::string_view text);
  void add_null(std::size_t argument);

  // One a given argument; nullptr for NULL. Valid until the object is changed or moved.
  void append_pointers(std::vector<const char*>& pointers) const;

 private:
  static constexpr std::size_t kNull = static_cast<std::size_t>(-1);
  std::uint64_t given_ = 0;
  std::string texts_;                   // each ends with NUL
  std::vector<std::size_t> positions_;  // in texts_, or kNull
};

// Binds `request` to `route`. nullopt: `arguments` is complete. Otherwise the refusal: 415 when a body that
// is needed is not application/json, 400 when body or query string are malformed, 422 with every argument
// that is missing or of another type.
std::optional<Reply> bind(const Route& route, const PathSegments& path, const Request& request,
                          BoundArguments& arguments);

// The statement that calls the function with the given arguments, as $1, $2, …:
// one column (jsonb, void) or three (status, headers, body).
std::string call_statement(const Route& route, std::uint64_t given);

// The token of an "Authorization: Bearer" header (RFC 6750 section 2.1); empty when it is absent or
// malformed.
std::string_view bearer_token(const Request& request);

}  // namespace gateway

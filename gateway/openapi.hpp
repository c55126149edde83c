// GET /openapi.json: the route table as an OpenAPI 3.1 document, by the same rule that binds arguments.
#pragma once

#include <string>
#include <string_view>

#include "routes.hpp"

namespace gateway {

// The document (OpenAPI Specification 3.1.0), always the same for the same table. `version` is the
// extension's; `server_path` what precedes every path (--root-path), empty for none. Arguments that only the
// gateway gives do not appear, except that `_access_token` makes the operation ask for a bearer token,
// `_api_key` for an API key, and `_body` for a body of any members.
std::string openapi_document(const RouteTable& table, std::string_view version, std::string_view server_path);

}  // namespace gateway

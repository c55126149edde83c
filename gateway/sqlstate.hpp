// From a database error to an HTTP answer: one table.
//
// SQLSTATE class A0 is the functions' own way to refuse: the three last characters are the HTTP status, the
// message is the `detail` that the client reads, the DETAIL a JSON object of further response headers. Every
// other error has a fixed text here, because the database's own may hold a row's values.
#pragma once

#include <string_view>

#include "reply.hpp"

namespace gateway {

// Views of one error's fields; empty where the server sent none.
struct DatabaseError {
  std::string_view sqlstate, message, detail;
};

// The function refused (class A0): what the client gets is meant for it.
bool is_refusal(const DatabaseError& error);

// The answer. Never shows `message` or `detail` unless is_refusal(error).
Reply error_reply(const DatabaseError& error);

// Adds the members of a JSON object to a reply's headers: {"WWW-Authenticate": "Bearer"}. Content-Type sets
// the reply's. Left out: names that are no token (RFC 9110 section 5.1), values that are no string, number or
// boolean or hold a control character, and the fields that frame the message. False when `json` is no object.
bool add_headers(Reply& reply, std::string_view json);

// 503 with Retry-After: what was asked was not done, or it is not known whether it was.
Reply unavailable(std::string_view detail, int retry_after_seconds = 1);

}  // namespace gateway

// What an operator can do about a connection that cannot be made: one table, from libpq's and the server's
// words to a cause and a cure. docs/troubleshooting.md shows it.
#pragma once

#include <string>
#include <string_view>

namespace gateway {

// `failure`: ConnectionAttempt::failure(), or a host look-up's error; a line each host. Empty when we know
// nothing better than that.
std::string connection_advice(std::string_view failure);

// The same for an error of a statement, by its SQLSTATE.
std::string_view statement_advice(std::string_view sqlstate);

}  // namespace gateway

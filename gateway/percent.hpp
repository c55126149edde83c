// Percent-decoding (RFC 3986 section 2.1) and the query string that HTML forms write.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

// Appends `text`, decoded, to `out`. False when a '%' is not followed by two hexadecimal digits; `out` then
// holds part of it. '+' stays '+', as in a path.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x+y" in the order given, names and values decoded, '+' a space (application/x-www-form-urlencoded,
// as the WHATWG URL standard parses it). Empty pairs are skipped; nullopt when an escape is malformed.
std::optional<QueryParameters> parse_query(std::string_view query);

}  // namespace gateway

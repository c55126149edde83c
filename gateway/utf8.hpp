// UTF-8 from outside, where PostgreSQL would refuse it only once the request is there.
#pragma once

#include <string>
#include <string_view>

namespace gateway {

// RFC 3629: no overlong form, no surrogate, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

// `text` with U+FFFD for every byte that is not UTF-8 and for every NUL, cut to at most `maximum` bytes
// between two characters.
std::string clean_utf8(std::string_view text, std::size_t maximum);

}  // namespace gateway

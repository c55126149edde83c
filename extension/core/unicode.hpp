// Unicode as passwords need it: the same password typed on two keyboards must be the same bytes.
#pragma once

#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace auth {

// The text in Unicode Normalization Form C (UAX #15), as NIST SP 800-63B-4 asks for before hashing a
// password. Nothing when the text is not valid UTF-8. A NUL is an ordinary character.
std::optional<SecretBytes> normalize_nfc(std::string_view text);

}  // namespace auth

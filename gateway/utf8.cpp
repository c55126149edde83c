#include "utf8.hpp"

#include <utf8proc.h>

namespace gateway {
namespace {

// The first character's length in bytes, or 0 when the bytes are not UTF-8.
std::size_t character_length(std::string_view text) {
  utf8proc_int32_t codepoint = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &codepoint);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string clean_utf8(std::string_view text, std::size_t maximum) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const bool keep = length > 0 && text.front() != '\0';
    const std::string_view character = keep ? text.substr(0, length) : kReplacement;
    if (clean.size() + character.size() > maximum) break;
    clean.append(character);
    text.remove_prefix(keep ? length : 1);
  }
  return clean;
}

}  // namespace gateway

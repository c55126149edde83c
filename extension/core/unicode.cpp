#include "core/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <new>

namespace auth {

std::optional<SecretBytes> normalize_nfc(std::string_view text) {
  if (text.empty()) return SecretBytes{};
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto* const input = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());

  // Both steps work in our own memory, because utf8proc_map() would hand the password to free() unwiped.
  const utf8proc_ssize_t needed = utf8proc_decompose(input, size, nullptr, 0, kOptions);
  if (needed < 0) return std::nullopt;
  // utf8proc_reencode() writes UTF-8 over the code points, with a NUL after it.
  std::vector<utf8proc_int32_t, WipingAllocator<utf8proc_int32_t>> codepoints(
      static_cast<std::size_t>(needed) + 1);
  if (utf8proc_decompose(input, size, codepoints.data(), needed, kOptions) < 0) return std::nullopt;
  const utf8proc_ssize_t length = utf8proc_reencode(codepoints.data(), needed, kOptions);
  if (length < 0) return std::nullopt;

  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(codepoints.data());
  return SecretBytes(bytes, bytes + length);
}

}  // namespace auth

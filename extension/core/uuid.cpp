#include "core/uuid.hpp"

#include <sodium/utils.h>

#include "core/random.hpp"

namespace auth {
namespace {

constexpr std::array<std::size_t, 4> kHyphens{8, 13, 18, 23};

}  // namespace

Uuid random_uuid() {
  Uuid uuid{};
  fill_random(uuid);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x40);  // version 4
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);  // variant 10
  return uuid;
}

std::string to_string(const Uuid& uuid) {
  std::array<char, 33> digits{};
  sodium_bin2hex(digits.data(), digits.size(), uuid.data(), uuid.size());
  std::string text(digits.data(), 32);
  for (const std::size_t position : kHyphens) text.insert(position, 1, '-');
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  Uuid uuid{};
  std::size_t size = 0;
  if (sodium_hex2bin(uuid.data(), uuid.size(), text.data(), text.size(), "-", &size, nullptr) != 0 ||
      size != uuid.size() || to_string(uuid) != text) {
    return std::nullopt;
  }
  return uuid;
}

}  // namespace auth

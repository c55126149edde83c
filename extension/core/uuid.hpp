// UUIDs (RFC 9562) as 16 bytes, the layout that PostgreSQL's pg_uuid_t has, too.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/postgres_free.hpp"

namespace auth {

using Uuid = std::array<std::uint8_t, 16>;

// A random UUID, version 4.
Uuid random_uuid();

// The canonical spelling: lower-case hexadecimal, 8-4-4-4-12.
std::string to_string(const Uuid& uuid);

// Reads the canonical spelling and no other.
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace auth

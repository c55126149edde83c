// Spreads ids over the places of a hash table. Ids may be random or count up, at either end; multiplication
// by 2^64 divided by the golden ratio spreads both over the upper bits (Knuth, The Art of Computer
// Programming, section 6.4), so take those.
#pragma once

#include <cstdint>

namespace auth {

constexpr std::uint64_t spread(std::uint64_t low, std::uint64_t high) {
  return (low ^ (high >> 7) ^ (high << 9)) * 0x9E3779B97F4A7C15U;
}

}  // namespace auth

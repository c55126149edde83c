// What the hash tables of guesses share. Spreads ids over the places of a hash table. Ids may be random or
// count up, at either end; multiplication by 2^64 divided by the golden ratio spreads both over the upper
// bits (Knuth, The Art of Computer Programming, section 6.4), so take those.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace auth {

constexpr std::uint64_t spread(std::uint64_t low, std::uint64_t high) {
  return (low ^ (high >> 7) ^ (high << 9)) * 0x9E3779B97F4A7C15U;
}

// Puts a place first among those of a hash value: over the one that `is_same`, else over the oldest.
template <class Place, std::size_t Size, class Predicate>
void put_first(std::array<Place, Size>& places, const Place& place, Predicate&& is_same) {
  const auto found = std::find_if(places.begin(), places.end() - 1, is_same);
  std::move_backward(places.begin(), found, found + 1);
  places[0] = place;
}

}  // namespace auth

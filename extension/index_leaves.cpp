#include <bit>

#include "core/spread.hpp"

#include "index_leaves.hpp"

namespace pg {
namespace {

std::size_t set_of(std::int64_t key) {
  return auth::spread(static_cast<std::uint64_t>(key), 0) >> (64 - std::countr_zero(kLeafSets));
}

// The first entry on the page, or after `low`, that is not less than the key.
OffsetNumber first_entry(Relation index, Page page, std::int64_t key, OffsetNumber low) {
  OffsetNumber high = OffsetNumberNext(PageGetMaxOffsetNumber(page));
  while (low < high) {
    const auto middle = static_cast<OffsetNumber>((low + high) / 2);
    if (first_column(index, entry_at(page, middle)) < key) {
      low = OffsetNumberNext(middle);
    } else {
      high = middle;
    }
  }
  return low;
}

// Whether no page to the right has entries of the key.
bool ends_on(Relation index, Page page, std::int64_t key) {
  const BTPageOpaque opaque = opaque_of(page);
  // An ignored page is on its way out of the index, and what it says of itself may be gone already.
  return P_RIGHTMOST(opaque) || (!P_IGNORE(opaque) && first_column(index, entry_at(page, P_HIKEY)) > key);
}

// Gives a locked page up for the one to its right; invalid when that has no entries of the key.
Buffer step_right(Relation index, Buffer leaf, std::int64_t key) {
  const Page page = BufferGetPage(leaf);
  const bool ends_here = ends_on(index, page, key);
  const BlockNumber right = opaque_of(page)->btpo_next;
  UnlockReleaseBuffer(leaf);
  if (ends_here) return InvalidBuffer;
  const Buffer next = ReadBuffer(index, right);
  LockBuffer(next, BUFFER_LOCK_SHARE);
  return next;
}

// Remembers a locked leaf as the next one of the place's key; `begin` is its first entry that is not less.
void remember(LeafPlace& place, Relation index, Buffer buffer, OffsetNumber begin) {
  const Page page = BufferGetPage(buffer);
  const std::int64_t key = place.key;
  const OffsetNumber end = key == INT64_MAX ? begin : first_entry(index, page, key + 1, begin);
  const std::size_t entries = std::size_t{end} - begin;
  RememberedLeaf& leaf = place.leaves[place.known];
  leaf = {.lsn = {},
          .block = BufferGetBlockNumber(buffer),
          .buffer = buffer,
          .first_entry = begin,
          .entries = static_cast<std::uint16_t>(entries)};
  PageXLogRecPtrSet(leaf.lsn, BufferGetLSNAtomic(buffer));
  const std::size_t marks = place.known == 0 ? 0 : place.leaves[0].entries;
  const bool fits = key != INT64_MAX && marks + entries <= LeafPlace::kMostMarks;
  for (std::size_t i = 0; fits && i < entries; ++i) {
    const EntryMark mark =
        mark_of(second_column(index, entry_at(page, static_cast<OffsetNumber>(begin + i))));
    place.first_bytes[marks + i] = mark.first;
    place.second_bytes[marks + i] = mark.second;
  }
  ++place.known;
  if (!fits) return;
  place.marked = place.known;
  place.ends_there = end <= PageGetMaxOffsetNumber(page) || ends_on(index, page, key);
}

// What is remembered of the leaves from that number on counts no longer.
void forget(LeafPlace& place, std::size_t number) {
  place.known = static_cast<std::uint8_t>(number);
  place.marked = std::min(place.marked, place.known);
  place.ends_there = false;
}

bool lock_if_unchanged(Relation index, const RememberedLeaf& leaf) {
  if (!version::pin_if_still_there(index, leaf.block, leaf.buffer)) return false;
  LockBuffer(leaf.buffer, BUFFER_LOCK_SHARE);
  if (BufferGetLSNAtomic(leaf.buffer) == PageXLogRecPtrGet(leaf.lsn)) return true;
  UnlockReleaseBuffer(leaf.buffer);
  return false;
}

}  // namespace

// All bytes count: time-ordered ids begin alike, and hand-made ones end alike.
EntryMark mark_of(const pg_uuid_t& second_column) {
  std::array<std::uint64_t, 2> halves;
  static_assert(sizeof halves == UUID_LEN);
  std::memcpy(halves.data(), second_column.data, UUID_LEN);
  const std::uint64_t mixed = auth::spread(halves[0], halves[1]);
  return {.first = static_cast<std::uint8_t>(mixed >> 56), .second = static_cast<std::uint8_t>(mixed >> 48)};
}

void expect_leaf(const LeafPlaces& places, std::int64_t key) {
  for (const LeafPlace& place : places[set_of(key)]) {
    if (place.key != key || place.file == 0) continue;
    __builtin_prefetch(&place.first_bytes[LeafPlace::kMostMarks / 2]);  // the second line of the place
    for (std::size_t number = 0; number < place.known; ++number) {
      __builtin_prefetch(version::descriptor_of(place.leaves[number].buffer));
      __builtin_prefetch(BufferGetPage(place.leaves[number].buffer));
    }
  }
}

bool leaves_count(Relation index) { return RelationNeedsWAL(index) && !IsolationIsSerializable(); }

LeafPlace& place_of(LeafPlaces& places, Relation index, std::int64_t key) {
  std::array<LeafPlace, 4>& candidates = places[set_of(key)];
  const Oid file = version::file_of(index);
  for (LeafPlace& place : candidates) {
    if (place.key == key && place.file == file) return place;
  }
  LeafPlace place{};
  place.key = key;
  place.file = file;
  auth::put_first(candidates, place, [key](const LeafPlace& other) { return other.key == key; });
  return candidates[0];
}

Buffer lock_first_leaf(LeafPlace& place, Relation index) {
  if (place.known > 0 && lock_if_unchanged(index, place.leaves[0])) return place.leaves[0].buffer;
  forget(place, 0);
  const Buffer leaf = version::descend(index, Int64GetDatum(place.key));
  if (!BufferIsValid(leaf)) return leaf;
  const Page page = BufferGetPage(leaf);
  remember(place, index, leaf, first_entry(index, page, place.key, first_entry_of(page)));
  return leaf;
}

Buffer lock_next_leaf(LeafPlace& place, Relation index, std::size_t number, Buffer leaf) {
  ++number;
  if (number < place.known) {
    const RememberedLeaf& next = place.leaves[number];
    UnlockReleaseBuffer(leaf);
    if (lock_if_unchanged(index, next)) return next.buffer;
    forget(place, number);
    leaf = ReadBuffer(index, next.block);
    LockBuffer(leaf, BUFFER_LOCK_SHARE);
  } else {
    leaf = step_right(index, leaf, place.key);
  }
  // A page on its way out of the index has no entries, and what is behind it is not what the leaf itself
  // names.
  bool is_next = number < place.leaves.size() && number == place.marked;
  while (BufferIsValid(leaf) && P_IGNORE(opaque_of(BufferGetPage(leaf)))) {
    is_next = false;
    leaf = step_right(index, leaf, place.key);
  }
  if (is_next && BufferIsValid(leaf)) {
    remember(place, index, leaf, first_entry_of(BufferGetPage(leaf)));
  }
  return leaf;
}

}  // namespace pg

#include <bit>

#include "core/spread.hpp"

#include "index_leaves.hpp"

namespace pg {
namespace {

std::size_t set_of(std::int64_t key) {
  return auth::spread(static_cast<std::uint64_t>(key), 0) >> (64 - std::countr_zero(kLeafSets));
}

BTPageOpaque opaque_of(Page page) { return reinterpret_cast<BTPageOpaque>(PageGetSpecialPointer(page)); }

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

// What there is to remember of the leaf that a descent for the key has led to.
LeafPlace describe(Relation index, Buffer buffer, std::int64_t key) {
  const Page page = BufferGetPage(buffer);
  const OffsetNumber begin = first_entry(index, page, key, P_FIRSTDATAKEY(opaque_of(page)));
  const OffsetNumber end = key == INT64_MAX ? begin : first_entry(index, page, key + 1, begin);
  LeafPlace place{.key = key,
                  .lsn = BufferGetLSNAtomic(buffer),
                  .file = version::file_of(index),
                  .block = BufferGetBlockNumber(buffer),
                  .buffer = buffer,
                  .first_entry = begin,
                  .entries = static_cast<std::uint16_t>(end - begin),
                  .is_marked = key != INT64_MAX && std::size_t{end} - begin <= LeafPlace::kMostMarks,
                  .ends_there = end <= PageGetMaxOffsetNumber(page) || ends_on(index, page, key),
                  .marks = {}};
  if (!place.is_marked) return place;
  for (OffsetNumber number = begin; number < end; ++number) {
    place.marks[std::size_t{number} - begin] = mark_of(second_column(index, entry_at(page, number)));
  }
  return place;
}

}  // namespace

// All bytes count: time-ordered ids begin alike, and hand-made ones end alike.
EntryMark mark_of(const pg_uuid_t& second_column) {
  std::array<std::uint64_t, 2> halves;
  static_assert(sizeof halves == UUID_LEN);
  std::memcpy(halves.data(), second_column.data, UUID_LEN);
  return static_cast<EntryMark>(auth::spread(halves[0], halves[1]) >> 56);
}

void expect_leaf(const LeafPlaces& places, std::int64_t key) {
  for (const LeafPlace& place : places[set_of(key)]) {
    if (place.key != key || place.file == 0) continue;
    const char* const page = BufferGetPage(place.buffer);
    __builtin_prefetch(version::descriptor_of(place.buffer));
    __builtin_prefetch(page);
    __builtin_prefetch(&place.marks[32]);  // the second and the third line of the place
    __builtin_prefetch(&place.marks[96]);
  }
}

bool leaves_count(Relation index) { return RelationNeedsWAL(index) && !IsolationIsSerializable(); }

LockedLeaf find_leaf(LeafPlaces& places, Relation index, std::int64_t key) {
  std::array<LeafPlace, 4>& candidates = places[set_of(key)];
  const Oid file = version::file_of(index);
  for (const LeafPlace& place : candidates) {
    if (place.key != key || place.file != file) continue;
    if (!version::pin_if_still_there(index, place.block, place.buffer)) break;
    LockBuffer(place.buffer, BUFFER_LOCK_SHARE);
    if (BufferGetLSNAtomic(place.buffer) == place.lsn) {
      return {.buffer = place.buffer, .entry = place.first_entry, .known = &place};
    }
    UnlockReleaseBuffer(place.buffer);
    break;
  }

  const Buffer buffer = version::descend(index, Int64GetDatum(key));
  if (!BufferIsValid(buffer)) return {.buffer = InvalidBuffer, .entry = InvalidOffsetNumber};
  const LeafPlace place = describe(index, buffer, key);
  auth::put_first(candidates, place, [key](const LeafPlace& other) { return other.key == key; });
  return {.buffer = buffer, .entry = place.first_entry};
}

LockedLeaf next_leaf(Relation index, const LockedLeaf& leaf, std::int64_t key) {
  LockedLeaf next{.buffer = leaf.buffer, .entry = leaf.entry};
  bool ignored = false;
  do {
    const Page page = BufferGetPage(next.buffer);
    const bool ends_here = ends_on(index, page, key);
    const BlockNumber right = opaque_of(page)->btpo_next;
    UnlockReleaseBuffer(next.buffer);
    if (ends_here) return {.buffer = InvalidBuffer, .entry = InvalidOffsetNumber};
    next.buffer = ReadBuffer(index, right);
    LockBuffer(next.buffer, BUFFER_LOCK_SHARE);
    ignored = P_IGNORE(opaque_of(BufferGetPage(next.buffer)));
  } while (ignored);
  next.entry = P_FIRSTDATAKEY(opaque_of(BufferGetPage(next.buffer)));
  return next;
}

}  // namespace pg

#include <bit>

#include "core/spread.hpp"

#include "index_leaves.hpp"

namespace pg {
namespace {

std::size_t set_of(std::int64_t key) {
  return auth::spread(static_cast<std::uint64_t>(key), 0) >> (64 - std::countr_zero(kLeafSets));
}

BTPageOpaque opaque_of(Page page) { return reinterpret_cast<BTPageOpaque>(PageGetSpecialPointer(page)); }

IndexTuple item(Page page, OffsetNumber number) {
  return reinterpret_cast<IndexTuple>(PageGetItem(page, PageGetItemId(page, number)));
}

// The first entry on the page, or after `low`, that is not less than the key.
OffsetNumber first_entry(Relation index, Page page, std::int64_t key, OffsetNumber low) {
  OffsetNumber high = OffsetNumberNext(PageGetMaxOffsetNumber(page));
  while (low < high) {
    const auto middle = static_cast<OffsetNumber>((low + high) / 2);
    if (first_column(index, item(page, middle)) < key) {
      low = OffsetNumberNext(middle);
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

void expect_leaf(const LeafPlaces& places, std::int64_t key) {
  for (const LeafPlace& place : places[set_of(key)]) {
    if (place.key != key || place.file == 0) continue;
    const char* const page = BufferGetPage(place.buffer);
    __builtin_prefetch(version::descriptor_of(place.buffer));
    __builtin_prefetch(page);
    __builtin_prefetch(page + BLCKSZ - sizeof(BTPageOpaqueData));
    __builtin_prefetch(page + SizeOfPageHeaderData +
                       sizeof(ItemIdData) * (place.first_entry - std::size_t{1}));
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
      return {.buffer = place.buffer, .entry = place.first_entry, .entries = place.entries};
    }
    UnlockReleaseBuffer(place.buffer);
    break;
  }

  const Buffer buffer = version::descend(index, Int64GetDatum(key));
  if (!BufferIsValid(buffer)) return {.buffer = InvalidBuffer, .entry = InvalidOffsetNumber};
  const Page page = BufferGetPage(buffer);
  const OffsetNumber entry = first_entry(index, page, key, P_FIRSTDATAKEY(opaque_of(page)));
  const OffsetNumber end = key == INT64_MAX ? entry : first_entry(index, page, key + 1, entry);
  const LeafPlace place{.key = key,
                        .lsn = BufferGetLSNAtomic(buffer),
                        .file = file,
                        .block = BufferGetBlockNumber(buffer),
                        .buffer = buffer,
                        .first_entry = entry,
                        .entries = static_cast<std::uint16_t>(end - entry)};
  auth::put_first(candidates, place, [key](const LeafPlace& other) { return other.key == key; });
  return {.buffer = buffer, .entry = entry};
}

LockedLeaf next_leaf(Relation index, const LockedLeaf& leaf, std::int64_t key) {
  LockedLeaf next = leaf;
  bool ignored = false;
  do {
    const Page page = BufferGetPage(next.buffer);
    const BTPageOpaque opaque = opaque_of(page);
    // An ignored page is on its way out of the index, and what it says of itself may be gone already.
    const bool ends_here =
        P_RIGHTMOST(opaque) || (!P_IGNORE(opaque) && first_column(index, item(page, P_HIKEY)) > key);
    const BlockNumber right = opaque->btpo_next;
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

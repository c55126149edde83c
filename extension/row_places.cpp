#include <bit>

#include "core/spread.hpp"

#include "row_places.hpp"

namespace pg {
namespace {

// Where a key's places are, and its tag in them.
struct Hashed {
  std::size_t set;
  std::uint32_t tag;
};

Hashed hash_of(const PlaceKey& key, Oid file) {
  const std::uint64_t mixed = auth::spread(key.low, key.high);
  return {.set = mixed >> (64 - std::countr_zero(kRowSets)),
          .tag = (static_cast<std::uint32_t>(mixed) ^ file) | 1};
}

// Holds the row that the active snapshot shows at that place of a pinned page, or gives the page up.
bool hold_visible(Relation table, Buffer buffer, ItemPointerData pointer, HeldRow& held) {
  held.buffer = buffer;
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  const bool visible =
      heap_hot_search_buffer(&pointer, table, buffer, GetActiveSnapshot(), &held.tuple, nullptr, true);
  // The pin alone keeps the row where it is.
  LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
  if (!visible) ReleaseBuffer(buffer);
  return visible;
}

}  // namespace

void expect_row(const RowPlaces& places, Oid file, const PlaceKey& key) {
  const Hashed hashed = hash_of(key, file);
  for (const RowPlace& place : places[hashed.set].places) {
    if (place.tag != hashed.tag) continue;
    const char* const page = BufferGetPage(place.buffer);
    __builtin_prefetch(version::descriptor_of(place.buffer));
    __builtin_prefetch(page + SizeOfPageHeaderData + sizeof(ItemIdData) * (place.offset - std::size_t{1}));
    __builtin_prefetch(page + place.row_begins);
  }
}

bool places_count(Relation table) {
  return table->rd_tableam == GetHeapamTableAmRoutine() && !IsolationIsSerializable();
}

bool hold_row_at(Relation table, const ItemPointerData& pointer, HeldRow& held) {
  return hold_visible(table, ReadBuffer(table, ItemPointerGetBlockNumber(&pointer)), pointer, held);
}

bool hold_remembered_row(const RowPlaces& places, Relation table, AttrNumber attribute, Oid type,
                         const PlaceKey& key, HeldRow& held) {
  if (!places_count(table)) return false;
  const Hashed hashed = hash_of(key, version::file_of(table));
  for (const RowPlace& place : places[hashed.set].places) {
    if (place.tag != hashed.tag) continue;
    if (!version::pin_if_still_there(table, place.block, place.buffer)) return false;
    ItemPointerData pointer;
    ItemPointerSet(&pointer, place.block, place.offset);
    if (!hold_visible(table, place.buffer, pointer, held)) return false;
    const NullableDatum found = read_column(&held.tuple, attribute, RelationGetDescr(table));
    if (!found.isnull && key == (type == INT8OID ? place_key(DatumGetInt64(found.value))
                                                 : place_key(*DatumGetUUIDP(found.value)))) {
      return true;
    }
    ReleaseBuffer(held.buffer);
    return false;
  }
  return false;
}

void remember_row(RowPlaces& places, Relation table, const PlaceKey& key, const ItemPointerData& pointer,
                  Buffer buffer) {
  if (!places_count(table) || !BufferIsValid(buffer) || BufferIsLocal(buffer)) return;
  const auto* const line = PageGetItemId(BufferGetPage(buffer), ItemPointerGetOffsetNumber(&pointer));
  const std::uint32_t row_begins = ItemIdIsNormal(line) ? ItemIdGetOffset(line) : 0;
  const Hashed hashed = hash_of(key, version::file_of(table));
  const RowPlace place{.tag = hashed.tag,
                       .block = ItemPointerGetBlockNumber(&pointer),
                       .buffer = buffer,
                       .offset = ItemPointerGetOffsetNumber(&pointer),
                       .row_begins = static_cast<std::uint16_t>(row_begins)};
  auth::put_first(places[hashed.set].places, place,
                  [&](const RowPlace& other) { return other.tag == place.tag; });
}

}  // namespace pg

// Reading rows by an index without the SQL executor: about 1 µs instead of 15.
//
// Tables, columns and indexes are found by name at first use and remembered by the server process until
// PostgreSQL announces that the table has changed, so a dropped and re-created extension, or a table with a
// column more, needs no new connection.
//
// WHAT A DIRECT SCAN DOES NOT DO: it checks no privilege and no row-level-security policy. That is why it
// exists (a caller of auth.authenticate may read no table), so nothing that is read here may reach the caller
// unasked. It does read under the active snapshot, exactly as a query at its place would.
//
// Where a row lay when it was last found may be remembered as well (row_places.hpp), and where in the index a
// key's entries begin (index_leaves.hpp).
#pragma once

#include "row_places.hpp"
#include "values.hpp"

namespace pg {

enum class Schema { kAuth, kExtension };  // schema auth, or the one that CREATE EXTENSION was given

// A column that we read, and the type without which we would misread it.
struct Column {
  const char* name;
  Oid type;
};

// A table, one index of it, and what this server process knows of them. Make it `constinit static`; list the
// columns in the order of an enum that names them.
struct IndexedTable {
  static constexpr std::size_t kMostColumns = 20;

  Schema schema;
  const char* name;
  Column columns[kMostColumns];
  const char* index_name = nullptr;  // null: the primary key
  RowPlaces* places = nullptr;  // null: rows' places are not remembered. Else column 0 is the primary key.

  bool resolved = false;
  Oid table_id = InvalidOid;
  Oid index_id = InvalidOid;
  std::uint64_t table_locked_at = 0;  // auth::transaction_ends() when the lock was taken that we still hold
  std::uint64_t index_locked_at = 0;
  Oid file = InvalidOid;  // the table's, when it was last opened to look for a row by its place
  AttrNumber attributes[kMostColumns] = {};
  IndexedTable* next = nullptr;  // the list of tables that the invalidation callback walks
};

// What a column of an index is compared with: a bigint, a uuid (which must outlive the key) or, as it is
// stored, a text.
struct Key {
  explicit Key(std::int64_t key) : value(Int64GetDatum(key)), equality(F_INT8EQ), place(place_key(key)) {}
  explicit Key(const pg_uuid_t& key)
      : value(UUIDPGetDatum(&key)), equality(F_UUID_EQ), place(place_key(key)) {}
  explicit Key(const varlena* key) : value(PointerGetDatum(key)), equality(F_TEXTEQ), place{} {}

  Datum value;
  RegProcedure equality;  // of the index's operator class
  PlaceKey place;         // for rows whose places are remembered
};

// A row, inside the reader only.
class Row {
 public:
  Row(const IndexedTable& table, HeldRow& held, Relation relation)
      : Row(table, &held.tuple, RelationGetDescr(relation)) {}
  Row(const IndexedTable& table, HeapTuple tuple, TupleDesc descriptor)
      : table_(table), tuple_(tuple), descriptor_(descriptor) {}

  // Column `number` of the table's list.
  NullableDatum operator[](int number) const {
    return read_column(tuple_, table_.attributes[number], descriptor_);
  }

  // A column of type uuid that is NOT NULL.
  pg_uuid_t uuid(int number) const {
    const NullableDatum column = (*this)[number];
    const auto* const value = column.isnull ? nullptr : DatumGetUUIDP(column.value);
    if (value == nullptr) elog(ERROR, "column \"%s\" is NULL", table_.columns[number].name);
    return *value;
  }

 private:
  const IndexedTable& table_;
  HeapTuple tuple_;
  TupleDesc descriptor_;
};

// ---------------------------------------------------------------------------------------------------------------
// The functions and the class below call PostgreSQL and raise its errors: use them inside pg::call only.

// The schema that CREATE EXTENSION auth_api was given.
Oid extension_schema();

// Opens a table with the lock of a reader; an error if the table, a column or the index is not as described.
//
// The lock is asked for once a transaction: PostgreSQL gives no lock of a table back before a transaction or
// subtransaction ends, and every end is counted.
Relation open_table(IndexedTable& table);

// Opens the index of a table that is open, likewise. index_close(index, NoLock) when done.
Relation open_index(IndexedTable& table);

// A walk over the index entries whose first columns equal `keys`. Has no destructor, since PostgreSQL's
// errors run none: call end(). Locks stay until the transaction ends, as those of a query do.
class IndexWalk {
 public:
  IndexWalk(IndexedTable& table, std::initializer_list<Key> keys);

  // Begins anew, with as many keys.
  void restart(std::initializer_list<Key> keys);

  // The next entry, in the index's order; false when there is none. An entry may be of a row that the
  // snapshot does not show.
  bool next_entry();
  // The entry's row; false when the snapshot does not show it.
  bool fetch_row();
  // The next row that the snapshot shows.
  bool next_row() {
    while (next_entry()) {
      if (fetch_row()) return true;
    }
    return false;
  }
  // The row fetched last.
  Row row() const;
  // Where it lies: its place and the buffer.
  ItemPointerData place() const { return place_; }
  Buffer buffer() const;

  void end();

 private:
  static constexpr std::size_t kMostKeys = 2;

  IndexedTable& description_;
  Relation table_;
  Relation index_;
  IndexScanDesc scan_;
  TupleTableSlot* slot_ = nullptr;
  ItemPointerData place_{};
};

// ---------------------------------------------------------------------------------------------------------------

// What find_by_primary_key() will soon be asked for; see expect_row(). Raises nothing.
inline void expect_key(const IndexedTable& description, const Key& key) {
  expect_row(*description.places, description.file, key.place);
}

// Finds the row whose primary key, one column, equals `key`, and lets `read` copy plain values out of it.
// Runs under pg::call as a whole, `read` included: nothing in it may have a destructor. Returns whether there
// was a row.
template <class Reader>
bool find_by_primary_key(IndexedTable& description, const Key& key, Reader&& read) {
  return call([&] {
    if (!ActiveSnapshotSet()) elog(ERROR, "no snapshot is active");
    Relation table = open_table(description);
    if (description.places != nullptr) {
      description.file = version::file_of(table);
      HeldRow held;
      if (hold_remembered_row(*description.places, table, description.attributes[0],
                              description.columns[0].type, key.place, held)) {
        read(Row(description, held, table));
        ReleaseBuffer(held.buffer);
        table_close(table, NoLock);
        return true;
      }
    }
    table_close(table, NoLock);
    IndexWalk walk(description, {key});
    const bool found = walk.next_row();
    if (found) {
      if (description.places != nullptr) {
        remember_row(*description.places, table, key.place, walk.place(), walk.buffer());
      }
      read(walk.row());
    }
    walk.end();
    return found;
  });
}

}  // namespace pg

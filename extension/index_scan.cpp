#include "index_scan.hpp"

#include "statement_stamp.hpp"

namespace pg {
namespace {

constinit IndexedTable* known_tables = nullptr;

extern "C" void forget_changed_table(Datum, Oid changed) noexcept {
  for (IndexedTable* table = known_tables; table != nullptr; table = table->next) {
    // An invalid OID means that everything may have changed.
    if (changed == InvalidOid || table->table_id == changed) table->resolved = false;
  }
}

void watch(IndexedTable& table) {
  for (const IndexedTable* known = known_tables; known != nullptr; known = known->next) {
    if (known == &table) return;
  }
  // Once a process: PostgreSQL cannot take a callback back, and has room for ten.
  if (known_tables == nullptr) CacheRegisterRelcacheCallback(forget_changed_table, Datum{0});
  table.next = known_tables;
  known_tables = &table;
}

// Not through RangeVarGetRelid or LookupExplicitNamespace: those ask whether the caller may use the schema,
// and a caller whose policies call us need not.
Oid find_table(const IndexedTable& table) {
  const Oid schema = table.schema == Schema::kAuth ? get_namespace_oid("auth", false) : extension_schema();
  const Oid id = get_relname_relid(table.name, schema);
  if (!OidIsValid(id)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table \"%s\" of auth_api does not exist", table.name)));
  }
  return id;
}

Oid find_index(const IndexedTable& description, Relation table) {
  const Oid id = description.index_name == nullptr
                     ? version::primary_key_index(table)
                     : get_relname_relid(description.index_name, RelationGetNamespace(table));
  if (!OidIsValid(id)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("table \"%s\" of auth_api has no index \"%s\"", description.name,
                           description.index_name == nullptr ? "primary key" : description.index_name)));
  }
  return id;
}

void resolve(IndexedTable& description, Relation table) {
  description.index_id = find_index(description, table);
  for (std::size_t i = 0; i < IndexedTable::kMostColumns && description.columns[i].name != nullptr; ++i) {
    const Column& column = description.columns[i];
    const AttrNumber attribute = get_attnum(description.table_id, column.name);
    if (attribute == InvalidAttrNumber || get_atttype(description.table_id, attribute) != column.type) {
      elog(ERROR, "column \"%s\" of table \"%s\" is missing or of another type", column.name,
           description.name);
    }
    description.attributes[i] = attribute;
  }
}

}  // namespace

Oid extension_schema() {
  Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
  ScanKeyData condition;
  ScanKeyInit(&condition, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
              CStringGetDatum("auth_api"));
  SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &condition);
  const HeapTuple tuple = systable_getnext(scan);
  Oid schema = InvalidOid;
  if (HeapTupleIsValid(tuple)) {
    schema = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extnamespace;
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  if (!OidIsValid(schema)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("extension \"auth_api\" does not exist")));
  }
  return schema;
}

Relation open_table(IndexedTable& description) {
  watch(description);
  for (;;) {
    if (!description.resolved) {
      description.table_id = find_table(description);
      // From here on the callback sees this table; what it announces while we wait for the lock is not lost.
      description.resolved = true;
      Relation table = table_open(description.table_id, AccessShareLock);
      resolve(description, table);
      table_close(table, NoLock);
      description.table_locked_at = description.index_locked_at = 0;
    }
    // As try_table_open() does, less a look-up in the catalog cache.
    if (description.table_locked_at != auth::transaction_ends()) {
      LockRelationOid(description.table_id, AccessShareLock);
      description.table_locked_at = auth::transaction_ends();
    }
    Relation table = RelationIdGetRelation(description.table_id);
    // Locking processes pending announcements: only under the lock does what we know hold.
    if (table != nullptr && description.resolved) return table;
    if (table != nullptr) {
      table_close(table, NoLock);
    } else {
      UnlockRelationOid(description.table_id, AccessShareLock);
    }
    description.resolved = false;
  }
}

Relation open_index(IndexedTable& description) {
  if (description.index_locked_at != auth::transaction_ends()) {
    LockRelationOid(description.index_id, AccessShareLock);
    description.index_locked_at = auth::transaction_ends();
  }
  return index_open(description.index_id, NoLock);
}

IndexWalk::IndexWalk(IndexedTable& description, std::initializer_list<Key> keys)
    : description_(description),
      table_(open_table(description)),
      index_(index_open(description.index_id, AccessShareLock)),
      scan_(version::begin_index_scan(table_, index_, GetActiveSnapshot(), static_cast<int>(keys.size()))) {
  restart(keys);
}

void IndexWalk::restart(std::initializer_list<Key> keys) {
  ScanKeyData conditions[kMostKeys];
  int number = 0;
  for (const Key& key : keys) {
    ScanKeyEntryInitialize(&conditions[number], 0, static_cast<AttrNumber>(number + 1), BTEqualStrategyNumber,
                           InvalidOid, index_->rd_indcollation[number], key.equality, key.value);
    ++number;
  }
  index_rescan(scan_, conditions, number, nullptr, 0);
}

bool IndexWalk::next_entry() {
  const ItemPointer place = index_getnext_tid(scan_, ForwardScanDirection);
  if (place == nullptr) return false;
  place_ = *place;
  return true;
}

bool IndexWalk::fetch_row() {
  if (slot_ == nullptr) slot_ = table_slot_create(table_, nullptr);
  return index_fetch_heap(scan_, slot_);
}

Row IndexWalk::row() const {
  return {description_, ExecFetchSlotHeapTuple(slot_, false, nullptr), RelationGetDescr(table_)};
}

Buffer IndexWalk::buffer() const {
  return TTS_IS_BUFFERTUPLE(slot_) ? reinterpret_cast<const BufferHeapTupleTableSlot*>(slot_)->buffer
                                   : InvalidBuffer;
}

void IndexWalk::end() {
  if (slot_ != nullptr) ExecDropSingleTupleTableSlot(slot_);
  index_endscan(scan_);
  index_close(index_, NoLock);
  table_close(table_, NoLock);
}

}  // namespace pg

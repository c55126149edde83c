#include "values.hpp"

namespace pg {
namespace {

// A value of variable length in readable form: fetched, if it is stored out of line, and decompressed.
varlena* readable(Datum value) {
  auto* const stored = reinterpret_cast<varlena*>(DatumGetPointer(value));
  if (!VARATT_IS_EXTENDED(stored) || (VARATT_IS_SHORT(stored) && !VARATT_IS_EXTERNAL(stored))) return stored;
  return call([&] { return pg_detoast_datum_packed(stored); });
}

Datum varlena_from(const void* data, std::size_t size) {
  if (size > MaxAllocSize - VARHDRSZ) throw std::bad_alloc();
  return call([&] {
    auto* const value = static_cast<varlena*>(palloc(size + VARHDRSZ));
    SET_VARSIZE(value, size + VARHDRSZ);
    std::memcpy(VARDATA(value), data, size);
    return PointerGetDatum(value);
  });
}

}  // namespace

Datum Arguments::value(int number) const {
  const NullableDatum& argument = call_->args[number];
  if (argument.isnull) throw SqlError(ERRCODE_NULL_VALUE_NOT_ALLOWED, "an argument must not be NULL");
  return argument.value;
}

std::string_view Arguments::text(int number) const {
  const varlena* const text = readable(value(number));
  return {VARDATA_ANY(text), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(text))};
}

std::span<const std::uint8_t> Arguments::bytea(int number) const {
  const std::string_view bytes = text(number);
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::array<std::uint8_t, UUID_LEN> Arguments::uuid(int number) const {
  std::array<std::uint8_t, UUID_LEN> uuid;
  std::memcpy(uuid.data(), DatumGetUUIDP(value(number))->data, UUID_LEN);
  return uuid;
}

std::vector<std::string> Arguments::text_array(int number) const {
  const Datum array = value(number);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  call([&] {
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  });
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) continue;
    const varlena* const value = readable(elements[i]);
    texts.emplace_back(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
  }
  return texts;
}

Datum Arguments::null() const {
  call_->isnull = true;
  return Datum{0};
}

Datum Arguments::row(std::span<const NullableDatum> columns) const {
  return call([&] {
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(call_, nullptr, &descriptor) != TYPEFUNC_COMPOSITE ||
        descriptor->natts != static_cast<int>(columns.size())) {
      elog(ERROR, "the function's result type does not have %zu columns", columns.size());
    }
    auto* const values = static_cast<Datum*>(palloc(columns.size() * sizeof(Datum)));
    auto* const nulls = static_cast<bool*>(palloc(columns.size() * sizeof(bool)));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      values[i] = columns[i].value;
      nulls[i] = columns[i].isnull;
    }
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
  });
}

Datum text(std::string_view value) { return varlena_from(value.data(), value.size()); }

Datum bytea(std::span<const std::uint8_t> value) { return varlena_from(value.data(), value.size()); }

Datum uuid(const std::array<std::uint8_t, UUID_LEN>& value) {
  return call([&] {
    auto* const uuid = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    std::memcpy(uuid->data, value.data(), UUID_LEN);
    return UUIDPGetDatum(uuid);
  });
}

Datum jsonb(const std::string& json) {
  return call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.c_str())); });
}

}  // namespace pg

#include "values.hpp"

namespace pg {
namespace {

// A value of variable length in readable form: fetched, if it is stored out of line, and decompressed.
varlena* readable(Datum value) {
  auto* const stored = reinterpret_cast<varlena*>(DatumGetPointer(value));
  if (!VARATT_IS_EXTENDED(stored) || (VARATT_IS_SHORT(stored) && !VARATT_IS_EXTERNAL(stored))) return stored;
  return call([&] { return pg_detoast_datum_packed(stored); });
}

constexpr std::size_t kMostColumns = 8;  // of a row that we return

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

std::string_view Arguments::text(int number) const { return text_view(value(number)); }

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
  pg::call([&] {
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

std::span<const NullableDatum> Arguments::array(int number, Oid element_type) const {
  const Datum array = value(number);
  return pg::call([&]() -> std::span<const NullableDatum> {
    int16 length = 0;
    bool by_value = false;
    char alignment = 0;
    get_typlenbyvalalign(element_type, &length, &by_value, &alignment);
    Datum* elements = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(array), element_type, length, by_value, alignment, &elements, &nulls,
                      &count);
    auto* const values =
        static_cast<NullableDatum*>(palloc(sizeof(NullableDatum) * static_cast<std::size_t>(count)));
    for (int i = 0; i < count; ++i) values[i] = {elements[i], nulls[i]};
    return {values, static_cast<std::size_t>(count)};
  });
}

Datum Arguments::null() const {
  call_->isnull = true;
  return Datum{0};
}

Datum Arguments::row(std::span<const NullableDatum> columns) const {
  return call([&] {
    // Looked up once a call site.
    FmgrInfo* const site = call_->flinfo;
    auto* descriptor = static_cast<TupleDesc>(site->fn_extra);
    if (descriptor == nullptr) {
      if (get_call_result_type(call_, nullptr, &descriptor) != TYPEFUNC_COMPOSITE ||
          descriptor->natts != static_cast<int>(columns.size())) {
        elog(ERROR, "the function's result type does not have %zu columns", columns.size());
      }
      const MemoryContext before = MemoryContextSwitchTo(site->fn_mcxt);
      descriptor = BlessTupleDesc(CreateTupleDescCopy(descriptor));
      MemoryContextSwitchTo(before);
      site->fn_extra = descriptor;
    }
    Datum values[kMostColumns];
    bool nulls[kMostColumns];
    for (std::size_t i = 0; i < columns.size(); ++i) {
      values[i] = columns[i].value;
      nulls[i] = columns[i].isnull;
    }
    return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
  });
}

ResultRows::ResultRows(const Arguments& arguments)
    : result_(reinterpret_cast<ReturnSetInfo*>(arguments.info()->resultinfo)) {
  call([&] { InitMaterializedSRF(arguments.info(), 0); });
}

void ResultRows::add(std::span<const NullableDatum> columns) {
  call([&] {
    Datum values[kMostColumns];
    bool nulls[kMostColumns];
    for (std::size_t i = 0; i < columns.size(); ++i) {
      values[i] = columns[i].value;
      nulls[i] = columns[i].isnull;
    }
    tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
  });
}

std::string_view text_view(Datum value) {
  const varlena* const text = readable(value);
  return {VARDATA_ANY(text), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(text))};
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

Datum text_array(std::span<const std::string_view> values) {
  return call([&] {
    ArrayBuildState* array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
    for (const std::string_view value : values) {
      const Datum element =
          PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
      array = accumArrayResult(array, element, false, TEXTOID, CurrentMemoryContext);
    }
    return makeArrayResult(array, CurrentMemoryContext);
  });
}

}  // namespace pg

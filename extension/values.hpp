// SQL values in C++: a function's arguments, and Datums for its result.
#pragma once

#include "bridge.hpp"

namespace pg {

// The arguments of one call, counted from 0. Reading one that is NULL throws SqlError 22004. Views point into
// memory that lives at least as long as the call.
class Arguments {
 public:
  explicit Arguments(FunctionCallInfo call) : call_(call) {}

  bool is_null(int number) const { return call_->args[number].isnull; }
  std::int64_t integer(int number) const { return DatumGetInt64(value(number)); }
  std::string_view text(int number) const;
  std::span<const std::uint8_t> bytea(int number) const;
  std::array<std::uint8_t, UUID_LEN> uuid(int number) const;
  // The elements of a text[]; NULL elements are left out.
  std::vector<std::string> text_array(int number) const;
  // The elements of an array of bigint, text or uuid.
  std::span<const NullableDatum> array(int number, Oid element_type) const;

  // The value as it came, to be passed on to a query.
  NullableDatum raw(int number) const { return call_->args[number]; }

  FunctionCallInfo info() const { return call_; }

  // Results that need to know the call.
  Datum null() const;
  // A row of the function's result type, one value for each column.
  Datum row(std::span<const NullableDatum> columns) const;

 private:
  Datum value(int number) const;

  FunctionCallInfo call_;
};

// The rows of a function that RETURNS TABLE, all of them made in one call.
class ResultRows {
 public:
  explicit ResultRows(const Arguments& arguments);
  // One value for each column.
  void add(std::span<const NullableDatum> columns);

 private:
  ReturnSetInfo* result_;
};

inline Datum integer(std::int64_t value) { return Int64GetDatum(value); }
inline Datum boolean(bool value) { return BoolGetDatum(value); }
inline Datum nothing() { return Datum{0}; }  // of a function that returns void
Datum text(std::string_view value);
// The characters of a text; in the value's own memory, or in the current memory context if it had to be
// fetched.
std::string_view text_view(Datum value);
Datum bytea(std::span<const std::uint8_t> value);
Datum uuid(const std::array<std::uint8_t, UUID_LEN>& value);
Datum jsonb(const std::string& json);
Datum text_array(std::span<const std::string_view> values);

inline NullableDatum column(Datum value) { return {value, false}; }
inline NullableDatum null_column() { return {Datum{0}, true}; }

// Times: PostgreSQL counts microseconds since 2000, tokens count seconds since 1970.
inline constexpr std::int64_t kUnixToPostgresSeconds =
    std::int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY;
inline TimestampTz timestamp_from_unix(std::int64_t seconds) {
  return (seconds - kUnixToPostgresSeconds) * USECS_PER_SEC;
}
inline constexpr std::int64_t kLastUnixSecond = END_TIMESTAMP / USECS_PER_SEC + kUnixToPostgresSeconds - 1;
inline std::int64_t unix_from_timestamp(TimestampTz time) {
  return time / USECS_PER_SEC + kUnixToPostgresSeconds;
}

}  // namespace pg

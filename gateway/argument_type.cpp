#include "argument_type.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "utf8.hpp"

namespace gateway {
namespace {

constexpr TypeError kMissingText{"string_type", "Input should be a valid string"};
constexpr TypeError kNullCharacter{"string_null", "Input should not contain a null character"};
constexpr TypeError kNotUnicode{"string_unicode", "Input should be a valid string, not invalid UTF-8"};
constexpr TypeError kNotBoolean{"bool_type", "Input should be a valid boolean"};
constexpr TypeError kUnreadableBoolean{"bool_parsing",
                                       "Input should be a valid boolean, unable to interpret input"};
constexpr TypeError kNotInteger{"int_type", "Input should be a valid integer"};
constexpr TypeError kUnreadableInteger{
    "int_parsing", "Input should be a valid integer, unable to parse string as an integer"};
constexpr TypeError kNotNumber{"float_type", "Input should be a valid number"};
constexpr TypeError kUnreadableNumber{"float_parsing",
                                      "Input should be a valid number, unable to parse string as a number"};
constexpr TypeError kNotUuid{"uuid_type", "UUID input should be a string"};
constexpr TypeError kUnreadableUuid{"uuid_parsing", "Input should be a valid UUID"};
constexpr TypeError kNotAddress{"ip_any_address", "Input should be a valid IPv4 or IPv6 address"};
constexpr TypeError kNotTimestamp{"datetime_type", "Input should be a valid datetime"};
constexpr TypeError kNotJson{"json_invalid", "Input should be valid JSON"};

struct IntegerRange {
  std::int64_t minimum, maximum;
  TypeError too_small, too_large;
};

constexpr IntegerRange kSmallint{std::numeric_limits<std::int16_t>::min(),
                                 std::numeric_limits<std::int16_t>::max(),
                                 {"greater_than_equal", "Input should be greater than or equal to -32768"},
                                 {"less_than_equal", "Input should be less than or equal to 32767"}};
constexpr IntegerRange kInteger{
    std::numeric_limits<std::int32_t>::min(),
    std::numeric_limits<std::int32_t>::max(),
    {"greater_than_equal", "Input should be greater than or equal to -2147483648"},
    {"less_than_equal", "Input should be less than or equal to 2147483647"}};
constexpr IntegerRange kBigint{
    std::numeric_limits<std::int64_t>::min(),
    std::numeric_limits<std::int64_t>::max(),
    {"greater_than_equal", "Input should be greater than or equal to -9223372036854775808"},
    {"less_than_equal", "Input should be less than or equal to 9223372036854775807"}};

const IntegerRange& range_of(Scalar scalar) {
  if (scalar == Scalar::smallint) return kSmallint;
  return scalar == Scalar::integer ? kInteger : kBigint;
}

// Digits with an optional minus sign. An out-of-range value is told from one that is no integer at all.
TypeError check_integer(const IntegerRange& range, std::string_view digits, TypeError unreadable) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return unreadable;
  const bool negative = digits.front() == '-';
  if (error == std::errc::result_out_of_range) return negative ? range.too_small : range.too_large;
  if (value < range.minimum) return range.too_small;
  return value > range.maximum ? range.too_large : TypeError{};
}

// A decimal number as JSON writes it; PostgreSQL's "NaN" and "Infinity" are not offered to clients.
bool is_number(std::string_view digits) {
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return false;
  return digits.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

bool is_hexadecimal(char character) {
  return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
         (character >= 'A' && character <= 'F');
}

// RFC 9562's text form, 8-4-4-4-12, or its 32 digits alone.
bool is_uuid(std::string_view text) {
  if (text.size() == 32) return std::all_of(text.begin(), text.end(), is_hexadecimal);
  if (text.size() != 36) return false;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const bool hyphen = index == 8 || index == 13 || index == 18 || index == 23;
    if (hyphen ? text[index] != '-' : !is_hexadecimal(text[index])) return false;
  }
  return true;
}

// An address with or without a prefix length, as PostgreSQL's inet takes it.
bool is_inet(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> parsed{};
  const bool is_ipv4 = inet_pton(AF_INET, address.c_str(), parsed.data()) == 1;
  if (!is_ipv4 && inet_pton(AF_INET6, address.c_str(), parsed.data()) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view prefix = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), length);
  return error == std::errc{} && end == prefix.data() + prefix.size() && length <= (is_ipv4 ? 32U : 128U);
}

TypeError check_text(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return kNullCharacter;
  return is_utf8(value) ? TypeError{} : kNotUnicode;
}

// What pydantic takes for a boolean in a query string.
TypeError boolean_from_string(std::string_view value, std::string& text) {
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  for (const std::string_view yes : {"true", "1", "t", "yes", "y", "on"}) {
    if (lower == yes) return text = "true", TypeError{};
  }
  for (const std::string_view no : {"false", "0", "f", "no", "n", "off"}) {
    if (lower == no) return text = "false", TypeError{};
  }
  return kUnreadableBoolean;
}

// The types whose JSON form is a string, once it is known to be one.
TypeError check_string_form(Scalar scalar, std::string_view value) {
  if (const TypeError error = check_text(value)) return error;
  if (scalar == Scalar::uuid) return is_uuid(value) ? TypeError{} : kUnreadableUuid;
  if (scalar == Scalar::inet) return is_inet(value) ? TypeError{} : kNotAddress;
  return {};
}

TypeError expected_string(Scalar scalar) {
  if (scalar == Scalar::uuid) return kNotUuid;
  if (scalar == Scalar::inet) return kNotAddress;
  return scalar == Scalar::timestamp ? kNotTimestamp : kMissingText;
}

}  // namespace

ArgumentType argument_type(std::string_view format_type) {
  ArgumentType type;
  if (format_type.ends_with("[]")) {
    type.is_array = true;
    format_type.remove_suffix(2);
  }
  struct Named {
    std::string_view name;
    Scalar scalar;
  };
  static constexpr std::array kNames{
      Named{"boolean", Scalar::boolean}, Named{"smallint", Scalar::smallint},
      Named{"integer", Scalar::integer}, Named{"bigint", Scalar::bigint},
      Named{"numeric", Scalar::number},  Named{"double precision", Scalar::number},
      Named{"real", Scalar::number},     Named{"uuid", Scalar::uuid},
      Named{"inet", Scalar::inet},       Named{"timestamp with time zone", Scalar::timestamp},
      Named{"json", Scalar::json},       Named{"jsonb", Scalar::json}};
  for (const Named& named : kNames) {
    if (named.name == format_type) type.scalar = named.scalar;
  }
  return type;
}

TypeError from_json(Scalar scalar, const JsonValue& value, std::string& text) {
  using Kind = JsonValue::Kind;
  switch (scalar) {
    case Scalar::json:
      text = value.kind == Kind::string ? json_quote(value.text) : value.text;
      return {};
    case Scalar::boolean:
      if (value.kind != Kind::boolean) return kNotBoolean;
      break;
    case Scalar::smallint:
    case Scalar::integer:
    case Scalar::bigint:
      if (value.kind != Kind::integer) return kNotInteger;
      if (const TypeError error = check_integer(range_of(scalar), value.text, kNotInteger)) return error;
      break;
    case Scalar::number:
      if (value.kind != Kind::integer && value.kind != Kind::number) return kNotNumber;
      break;
    case Scalar::text:
    case Scalar::uuid:
    case Scalar::inet:
    case Scalar::timestamp:
      if (value.kind != Kind::string) return expected_string(scalar);
      if (const TypeError error = check_string_form(scalar, value.text)) return error;
      break;
  }
  text = value.text;
  return {};
}

TypeError from_string(Scalar scalar, std::string_view value, std::string& text) {
  switch (scalar) {
    case Scalar::json:
      if (check_text(value) || !is_json(value)) return kNotJson;
      break;
    case Scalar::boolean:
      return boolean_from_string(value, text);
    case Scalar::smallint:
    case Scalar::integer:
    case Scalar::bigint:
      if (const TypeError error = check_integer(range_of(scalar), value, kUnreadableInteger)) return error;
      break;
    case Scalar::number:
      if (!is_number(value)) return kUnreadableNumber;
      break;
    case Scalar::text:
    case Scalar::uuid:
    case Scalar::inet:
    case Scalar::timestamp:
      if (const TypeError error = check_string_form(scalar, value)) return error;
      break;
  }
  text = value;
  return {};
}

void append_array_element(std::string& literal, std::string_view element) {
  if (literal.back() != '{') literal.push_back(',');
  literal.push_back('"');
  for (const char character : element) {
    if (character == '"' || character == '\\') literal.push_back('\\');
    literal.push_back(character);
  }
  literal.push_back('"');
}

}  // namespace gateway

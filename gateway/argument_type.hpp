// What the gateway knows of a SQL type: how a client writes a value of it, and the text that PostgreSQL gets.
//
// The check is the client's friend, not the database's guard: it exists to answer with an error that names
// the argument. Whatever passes is cast by PostgreSQL again. A type that is not listed travels as text.
#pragma once

#include <string>
#include <string_view>

#include "json_body.hpp"

namespace gateway {

enum class Scalar { text, boolean, smallint, integer, bigint, number, uuid, inet, timestamp, json };

struct ArgumentType {
  Scalar scalar = Scalar::text;
  bool is_array = false;
};

// From format_type's words: "bigint", "timestamp with time zone", "uuid[]", …
ArgumentType argument_type(std::string_view format_type);

// What is wrong with a value: `type` and `message` in FastAPI's words. An empty type: nothing.
struct TypeError {
  std::string_view type;
  std::string_view message;
  explicit operator bool() const { return !type.empty(); }
};

// Writes the text that PostgreSQL reads as `scalar` to `text`, or says why the value is none. Strict: the
// string "1" and the number 1.0 are no integers in JSON.
TypeError from_json(Scalar scalar, const JsonValue& value, std::string& text);

// The same for a path segment or query parameter, percent-decoded: there everything is a string.
TypeError from_string(Scalar scalar, std::string_view value, std::string& text);

// Appends one element to an array literal under construction ("{", elements, "}"), quoted.
void append_array_element(std::string& literal, std::string_view element);

}  // namespace gateway

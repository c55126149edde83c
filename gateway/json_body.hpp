// A JSON request body, taken apart into its top-level members and no further.
//
// Parsed by nlohmann's SAX parser, so that no tree is built and numbers keep the digits that the client wrote
// (a double would lose them). Decided here: RFC 8259 strictly (trailing bytes, invalid UTF-8 and lone
// surrogates are malformed); two top-level members of one name are malformed, because two readers could
// believe two different ones; at most 64 levels deep. Members of nested objects are passed on as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct JsonValue {
  enum class Kind { null, boolean, integer, number, string, array, object };
  Kind kind = Kind::null;
  std::string text;                 // a string's characters; of anything else the JSON, without white space
  std::vector<JsonValue> elements;  // of a top-level member that is an array; deeper ones are in `text` only
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

class JsonBody {
 public:
  enum class Problem { none, malformed, duplicate_member, too_deep, not_an_object };

  static constexpr int kMaximumDepth = 64;

  // Takes `text` apart; empty text is an object without members. Never throws but for lack of memory.
  explicit JsonBody(std::string_view text);

  Problem problem() const { return problem_; }

  // The member's value; nullptr when there is none or when it is null.
  const JsonValue* find(std::string_view name) const;

 private:
  Problem problem_ = Problem::none;
  std::vector<JsonMember> members_;  // by name
};

// Whether `text` is JSON of any kind.
bool is_json(std::string_view text);

// `text` as a JSON string, with its quotes; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace gateway

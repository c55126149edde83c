#include "json_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gateway {
namespace {

using Json = nlohmann::json;

// Collects the root object's members. Depth 1 is inside the root, 2 inside one of its members: values at
// depth 1 become members; everything deeper is written again into its member's text, without white space.
class MemberCollector final : public nlohmann::json_sax<Json> {
 public:
  explicit MemberCollector(std::vector<JsonMember>& members) : members_(members) {}

  JsonBody::Problem problem = JsonBody::Problem::none;

  bool null() override { return scalar(JsonValue::Kind::null, "null"); }
  bool boolean(bool value) override { return scalar(JsonValue::Kind::boolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return scalar(JsonValue::Kind::integer, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(JsonValue::Kind::integer, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& digits) override {
    const bool whole = digits.find_first_of(".eE") == std::string::npos;  // an integer beyond 64 bits
    return scalar(whole ? JsonValue::Kind::integer : JsonValue::Kind::number, digits);
  }
  bool string(string_t& value) override { return scalar(JsonValue::Kind::string, std::move(value)); }
  bool binary(binary_t&) override { return false; }  // other formats than JSON only

  bool start_object(std::size_t) override { return open(JsonValue::Kind::object, '{'); }
  bool end_object() override { return close('}'); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::array, '['); }
  bool end_array() override { return close(']'); }

  bool key(string_t& name) override {
    if (problem == JsonBody::Problem::not_an_object) return true;
    if (depth_ == 1) {
      members_.push_back({std::move(name), {}});
    } else {
      separate();
      text().append(json_quote(name)).push_back(':');
      after_key_ = true;
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return refuse(JsonBody::Problem::malformed);
  }

 private:
  std::string& text() { return members_.back().value.text; }

  bool refuse(JsonBody::Problem reason) {
    problem = reason;
    return false;
  }

  // The root is something else: read on, because it may turn out to be no JSON at all, but keep nothing.
  bool is_no_object(JsonValue::Kind kind) {
    if (depth_ == 0 && kind != JsonValue::Kind::object) problem = JsonBody::Problem::not_an_object;
    return problem == JsonBody::Problem::not_an_object;
  }

  // A comma, unless this is a container's first entry or the value of a key.
  void separate() {
    if (!after_key_ && text().back() != '[' && text().back() != '{') text().push_back(',');
    after_key_ = false;
  }

  bool in_member_array() const { return depth_ == 2 && members_.back().value.kind == JsonValue::Kind::array; }

  bool scalar(JsonValue::Kind kind, std::string value) {
    if (is_no_object(kind)) return true;
    if (depth_ == 1) {
      members_.back().value = {kind, std::move(value), {}};
      return true;
    }
    separate();
    text().append(kind == JsonValue::Kind::string ? json_quote(value) : value);
    if (in_member_array()) members_.back().value.elements.push_back({kind, std::move(value), {}});
    return true;
  }

  bool open(JsonValue::Kind kind, char bracket) {
    if (depth_ == JsonBody::kMaximumDepth) return refuse(JsonBody::Problem::too_deep);
    if (is_no_object(kind)) {
      ++depth_;
      return true;
    }
    if (depth_ == 1) {
      members_.back().value.kind = kind;
    } else if (depth_ > 1) {
      separate();
      if (in_member_array()) {
        element_begin_ = text().size();
        members_.back().value.elements.push_back({kind, {}, {}});
      }
    }
    if (depth_ > 0) text().push_back(bracket);
    ++depth_;
    return true;
  }

  bool close(char bracket) {
    --depth_;
    if (problem == JsonBody::Problem::not_an_object) return true;
    if (depth_ > 0) text().push_back(bracket);
    if (in_member_array()) members_.back().value.elements.back().text = text().substr(element_begin_);
    return true;
  }

  std::vector<JsonMember>& members_;
  int depth_ = 0;
  bool after_key_ = false;
  std::size_t element_begin_ = 0;
};

}  // namespace

JsonBody::JsonBody(std::string_view text) {
  if (text.empty()) return;
  MemberCollector collector(members_);
  if (!Json::sax_parse(text.begin(), text.end(), &collector)) {
    problem_ = collector.problem;
    return;
  }
  problem_ = collector.problem;
  std::sort(members_.begin(), members_.end(),
            [](const JsonMember& left, const JsonMember& right) { return left.name < right.name; });
  const auto twin = std::adjacent_find(
      members_.begin(), members_.end(),
      [](const JsonMember& left, const JsonMember& right) { return left.name == right.name; });
  if (twin != members_.end()) problem_ = Problem::duplicate_member;
}

const JsonValue* JsonBody::find(std::string_view name) const {
  const auto member =
      std::lower_bound(members_.begin(), members_.end(), name,
                       [](const JsonMember& left, std::string_view right) { return left.name < right; });
  if (member == members_.end() || member->name != name) return nullptr;
  return member->value.kind == JsonValue::Kind::null ? nullptr : &member->value;
}

bool is_json(std::string_view text) { return Json::accept(text.begin(), text.end()); }

std::string json_quote(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gateway

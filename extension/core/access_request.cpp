#include "core/access_request.hpp"

#include <nlohmann/json.hpp>

namespace auth {
namespace {

using nlohmann::json;

// A UUID as PostgreSQL's uuid takes it: 32 hexadecimal digits of either case, with the hyphens of RFC 9562 or
// without.
std::optional<Uuid> read_uuid(std::string_view text) {
  Uuid uuid{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (character == '-' && text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) continue;
    int value = 0;
    if (character >= '0' && character <= '9') {
      value = character - '0';
    } else if (character >= 'a' && character <= 'f') {
      value = character - 'a' + 10;
    } else if (character >= 'A' && character <= 'F') {
      value = character - 'A' + 10;
    } else {
      return std::nullopt;
    }
    if (digits == 2 * uuid.size()) return std::nullopt;
    uuid[digits / 2] = static_cast<std::uint8_t>(uuid[digits / 2] << 4 | value);
    ++digits;
  }
  if (digits != 2 * uuid.size() || (text.size() != 32 && text.size() != 36)) return std::nullopt;
  return uuid;
}

// nlohmann's parser calls this for each token. Where in the document it is, it knows from a stack of what the
// open objects and arrays are; whatever is in none of ours is passed over.
class Reader : public json::json_sax_t {
 public:
  enum class Place { kBody, kChecks, kCheck, kResource, kOther };

  explicit Reader(Place root, std::size_t most) : root_(root), most_(most) {}

  std::vector<RequestedCheck>& checks() { return checks_; }
  RequestedResource& resource() { return checks_.back().resource; }

  bool null() override {
    if (!stack_.empty() && stack_.back() == Place::kChecks) return scalar(Kind::kOther, {}, 0);
    return true;
  }
  bool boolean(bool) override { return scalar(Kind::kOther, {}, 0); }
  bool number_integer(json::number_integer_t value) override { return scalar(Kind::kInteger, {}, value); }
  bool number_unsigned(json::number_unsigned_t value) override {
    // Beyond bigint there is no user; -1 stands for that.
    return scalar(Kind::kInteger, {}, value > INT64_MAX ? -1 : static_cast<std::int64_t>(value));
  }
  bool number_float(json::number_float_t, const json::string_t&) override {
    return scalar(Kind::kOther, {}, 0);
  }
  bool string(json::string_t& value) override { return scalar(Kind::kString, value, 0); }
  bool binary(json::binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    Place place = Place::kOther;
    if (stack_.empty()) {
      place = root_;
      if (place == Place::kResource) checks_.emplace_back();
    } else if (stack_.back() == Place::kChecks) {
      place = Place::kCheck;
      if (checks_.size() == most_) fail_size();
      checks_.emplace_back();
      has_resource_ = false;
    } else if (stack_.back() == Place::kCheck && key_ == "resource") {
      place = Place::kResource;
      has_resource_ = true;
    } else if (is_ours(stack_.back(), key_)) {
      throw InvalidRequest(where(key_), "Input should be a valid string");
    }
    stack_.push_back(place);
    return true;
  }
  bool key(json::string_t& name) override {
    key_ = name;
    return true;
  }
  bool end_object() override {
    const Place place = stack_.back();
    stack_.pop_back();
    if (place == Place::kCheck) {
      require(checks_.back().user_id.has_value(), "user_id");
      require(checks_.back().action.has_value(), "action");
      require(has_resource_, "resource");
    } else if (place == Place::kResource) {
      require(resource().type.has_value(), prefix_ + "type");
      require(resource().id.has_value(), prefix_ + "id");
    }
    return true;
  }
  bool start_array(std::size_t) override {
    if (stack_.empty()) fail_root();
    if (stack_.back() == Place::kBody && key_ == "checks") {
      if (!checks_.empty()) throw InvalidRequest("checks", "Input should be given once");
      stack_.push_back(Place::kChecks);
      prefix_ = "resource.";
      return true;
    }
    if (stack_.back() == Place::kChecks) throw InvalidRequest(item(), "Input should be a valid dictionary");
    if (is_ours(stack_.back(), key_)) throw InvalidRequest(where(key_), "Input should not be a list");
    stack_.push_back(Place::kOther);
    return true;
  }
  bool end_array() override {
    const Place place = stack_.back();
    stack_.pop_back();
    if (place == Place::kChecks && checks_.empty()) fail_size();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  enum class Kind { kInteger, kString, kOther };

  static bool is_ours(Place place, std::string_view key) {
    if (place == Place::kBody) return key == "checks";
    if (place == Place::kCheck) {
      return key == "user_id" || key == "action" || key == "service" || key == "resource";
    }
    return place == Place::kResource &&
           (key == "type" || key == "id" || key == "organization_id" || key == "account_id");
  }

  // The path of the check that comes next or, `open`, of the one that is being read.
  std::string item(bool open = false) const {
    return "checks." + std::to_string(checks_.size() - (open ? 1 : 0));
  }
  std::string where(const std::string& name) const {
    if (root_ == Place::kResource) return "resource." + name;
    if (stack_.back() == Place::kBody) return name;
    const bool in_resource = !stack_.empty() && stack_.back() == Place::kResource;
    return item(true) + (in_resource ? ".resource." : ".") + name;
  }
  void require(bool present, const std::string& name) const {
    if (present) return;
    throw InvalidRequest(root_ == Place::kResource ? "resource." + name : item(true) + "." + name,
                         "Field required");
  }
  [[noreturn]] void fail_size() const {
    throw InvalidRequest("checks", "Input should have from 1 to " + std::to_string(most_) + " items");
  }

  [[noreturn]] void fail_root() const {
    throw InvalidRequest(root_ == Place::kResource ? "resource" : "body",
                         "Input should be a valid dictionary");
  }

  bool scalar(Kind kind, std::string_view text, std::int64_t number) {
    if (stack_.empty()) fail_root();
    if (stack_.back() == Place::kChecks) throw InvalidRequest(item(), "Input should be a valid dictionary");
    if (!is_ours(stack_.back(), key_)) return true;
    if (stack_.back() == Place::kBody) throw InvalidRequest(key_, "Input should be a valid list");
    if (stack_.back() == Place::kCheck) {
      read_check_member(kind, text, number);
    } else {
      read_resource_member(kind, text);
    }
    return true;
  }

  void read_check_member(Kind kind, std::string_view text, std::int64_t number) {
    RequestedCheck& check = checks_.back();
    if (key_ == "user_id") {
      if (kind != Kind::kInteger) throw InvalidRequest(where(key_), "Input should be a valid integer");
      check.user_id = number;
    } else if (key_ == "resource") {
      throw InvalidRequest(where(key_), "Input should be a valid dictionary");
    } else {
      (key_ == "action" ? check.action : check.service) = require_text(kind, text);
    }
  }

  void read_resource_member(Kind kind, std::string_view text) {
    if (key_ == "type") {
      resource().type = require_text(kind, text);
      return;
    }
    const auto uuid = kind == Kind::kString ? read_uuid(text) : std::nullopt;
    if (!uuid) throw InvalidRequest(where(key_), "Input should be a valid UUID");
    (key_ == "id"           ? resource().id
     : key_ == "account_id" ? resource().account_id
                            : resource().organization_id) = uuid;
  }

  std::string require_text(Kind kind, std::string_view text) const {
    if (kind != Kind::kString) throw InvalidRequest(where(key_), "Input should be a valid string");
    return std::string(text);
  }

  Place root_;
  std::size_t most_;
  std::vector<Place> stack_;
  std::string key_;
  std::string prefix_;
  bool has_resource_ = false;
  std::vector<RequestedCheck> checks_;
};

void read(std::string_view text, Reader& reader, const char* place) {
  if (!json::sax_parse(text, &reader)) throw InvalidRequest(place, "Input should be valid JSON");
}

}  // namespace

RequestedResource parse_resource(std::string_view text) {
  Reader reader(Reader::Place::kResource, 1);
  read(text, reader, "resource");
  if (reader.checks().empty()) throw InvalidRequest("resource", "Field required");
  return std::move(reader.resource());
}

std::vector<RequestedCheck> parse_checks(std::string_view text, std::size_t most) {
  Reader reader(Reader::Place::kBody, most);
  read(text, reader, "body");
  if (reader.checks().empty()) throw InvalidRequest("checks", "Field required");
  return std::move(reader.checks());
}

}  // namespace auth

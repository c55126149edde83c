#include "core/access_token.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/base64url.hpp"
#include "core/uuid.hpp"

namespace auth {
namespace {

using nlohmann::json;

constexpr std::string_view kAlgorithm = "ES256";
constexpr std::string_view kType = "at+jwt";
constexpr std::size_t kMaximumKeyIdBytes = 128;

// Parses an object whose member names are unique at every level: RFC 7515 section 5.2 refuses a header that
// names a member twice, because two readers may each believe another one.
json parse_object(ByteView bytes) {
  std::vector<std::set<std::string>> names;
  const json::parser_callback_t check = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second) {
      throw InvalidAccessToken("a member occurs twice");
    }
    return true;
  };
  json object;
  try {
    object = json::parse(bytes.begin(), bytes.end(), check);
  } catch (const json::exception&) {
    throw InvalidAccessToken("not JSON");
  }
  if (!object.is_object()) throw InvalidAccessToken("not a JSON object");
  return object;
}

const std::string& string_member(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) {
    throw InvalidAccessToken(std::string(name) + " is missing or not a string");
  }
  return member->get_ref<const std::string&>();
}

// A NumericDate (RFC 7519 section 2) that is a whole number, as ours are.
std::int64_t time_member(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number_integer() ||
      (member->is_number_unsigned() && member->get<std::uint64_t>() > INT64_MAX)) {
    throw InvalidAccessToken(std::string(name) + " is missing or not a whole number");
  }
  return member->get<std::int64_t>();
}

// The user's id as we write it: decimal, positive, no sign, no leading zero.
std::int64_t user_id_member(const json& claims) {
  const std::string& text = string_member(claims, "sub");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || id <= 0 || std::to_string(id) != text)
    throw InvalidAccessToken("sub is not a user id");
  return id;
}

Bytes decode_part(std::string_view part) {
  auto bytes = base64url_decode(part);
  if (part.empty() || !bytes) throw InvalidAccessToken("a part is not base64url");
  return std::move(*bytes);
}

std::string encode_part(const json& object) { return base64url_encode(as_bytes(object.dump())); }

}  // namespace

std::string sign_access_token(const AccessToken& token, const SigningKey& key) {
  const json header{{"alg", kAlgorithm}, {"typ", kType}, {"kid", key.id()}};
  const json claims{{"iss", token.issuer},
                    {"aud", token.audience},
                    {"sub", std::to_string(token.user_id)},
                    {"sid", to_string(token.session_id)},
                    {"aal", token.assurance_level},
                    {"jti", token.id},
                    {"iat", token.issued_at},
                    {"exp", token.expires_at}};
  const std::string signed_part = encode_part(header) + "." + encode_part(claims);
  return signed_part + "." + base64url_encode(key.sign(as_bytes(signed_part)));
}

UnverifiedAccessToken::UnverifiedAccessToken(std::string_view compact) {
  if (compact.size() > kMaximumAccessTokenBytes) throw InvalidAccessToken("too long");
  const std::size_t first_dot = compact.find('.');
  const std::size_t last_dot = compact.rfind('.');
  // A third dot, if there is one, lies in the middle part and is not base64url.
  if (first_dot == std::string_view::npos || first_dot == last_dot)
    throw InvalidAccessToken("not three parts");
  signed_part_ = compact.substr(0, last_dot);

  const json header = parse_object(decode_part(compact.substr(0, first_dot)));
  if (string_member(header, "alg") != kAlgorithm) throw InvalidAccessToken("alg is not ES256");
  if (string_member(header, "typ") != kType) throw InvalidAccessToken("typ is not at+jwt");
  if (header.contains("crit")) throw InvalidAccessToken("crit names extensions, and we have none");
  key_id_ = string_member(header, "kid");
  if (key_id_.empty() || key_id_.size() > kMaximumKeyIdBytes)
    throw InvalidAccessToken("kid is empty or too long");
  if (key_id_.find('\0') != std::string::npos) throw InvalidAccessToken("kid holds a NUL");

  payload_ = decode_part(compact.substr(first_dot + 1, last_dot - first_dot - 1));
  signature_ = decode_part(compact.substr(last_dot + 1));
}

AccessToken UnverifiedAccessToken::verify(const PublicKey& key, std::string_view issuer,
                                          std::string_view audience, std::int64_t now) const {
  if (!key.verifies(as_bytes(signed_part_), signature_))
    throw InvalidAccessToken("the signature does not fit");

  const json claims = parse_object(payload_);
  AccessToken token;
  token.issuer = string_member(claims, "iss");
  token.audience = string_member(claims, "aud");
  token.expires_at = time_member(claims, "exp");
  token.issued_at = time_member(claims, "iat");
  if (token.issuer != issuer) throw InvalidAccessToken("iss is another issuer");
  if (token.audience != audience) throw InvalidAccessToken("aud is another audience");
  if (token.expires_at <= now) throw InvalidAccessToken("expired");
  if (claims.contains("nbf") && time_member(claims, "nbf") > now) throw InvalidAccessToken("not valid yet");
  token.user_id = user_id_member(claims);
  token.id = string_member(claims, "jti");
  token.assurance_level = string_member(claims, "aal");
  if (token.assurance_level != "aal1" && token.assurance_level != "aal2")
    throw InvalidAccessToken("aal is unknown");
  const auto session_id = parse_uuid(string_member(claims, "sid"));
  if (!session_id) throw InvalidAccessToken("sid is not a UUID");
  token.session_id = *session_id;
  return token;
}

}  // namespace auth

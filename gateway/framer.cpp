#include "framer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace gateway {
namespace {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet byte_set(std::string_view members) {
  ByteSet set{};
  for (const char member : members) set[static_cast<unsigned char>(member)] = true;
  return set;
}

// token (RFC 9110 section 5.6.2).
constexpr ByteSet token_bytes =
    byte_set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

// Visible ASCII but for what no client sends unencoded in a target: a fragment, quotes, angle brackets.
constexpr ByteSet target_bytes = [] {
  ByteSet set{};
  for (int byte = 0x21; byte < 0x7f; ++byte) set[static_cast<std::size_t>(byte)] = true;
  for (const char excluded : {'#', '"', '<', '>'}) set[static_cast<unsigned char>(excluded)] = false;
  return set;
}();

// field-value (RFC 9110 section 5.5): visible bytes, obs-text, space, tab.
constexpr ByteSet value_bytes = [] {
  ByteSet set{};
  for (std::size_t byte = 0x20; byte < 0x100; ++byte) set[byte] = byte != 0x7f;
  set['\t'] = true;
  return set;
}();

// uri-host but for IP literals (RFC 3986 section 3.2.2): unreserved, percent, sub-delims.
constexpr ByteSet host_bytes =
    byte_set("-._~%!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
constexpr ByteSet digit_bytes = byte_set("0123456789");
constexpr ByteSet literal_bytes = byte_set("0123456789ABCDEFabcdef:.");

bool consists_of(std::string_view text, const ByteSet& set) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f'); }

// Every '%' begins an encoded byte (RFC 3986 section 2.1) and none encodes NUL, which no text of PostgreSQL
// holds.
bool is_percent_encoded(std::string_view text) {
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (at + 2 >= text.size() || !is_hexadecimal(text[at + 1]) || !is_hexadecimal(text[at + 2])) return false;
  }
  return true;
}

// uri-host [ ":" port ] (RFC 9110 section 7.2), not empty.
bool is_authority(std::string_view text) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == text.npos || end < 3 || !consists_of(text.substr(1, end - 1), literal_bytes)) return false;
    port = text.substr(end + 1);
  } else {
    const std::string_view host = text.substr(0, text.find(':'));
    if (host.empty() || !consists_of(host, host_bytes) || !is_percent_encoded(host)) return false;
    port = text.substr(host.size());
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  if (text[text.size() - port.size() - 1] != ':' || port.size() > 5 || !consists_of(port, digit_bytes))
    return false;
  int number = 0;
  for (const char digit : port) number = number * 10 + (digit - '0');
  return number <= 65535;
}

Slice slice_of(const char* bytes, std::string_view part) {
  return {static_cast<std::uint32_t>(part.data() - bytes), static_cast<std::uint32_t>(part.size())};
}

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

void Framer::reset() {
  std::vector<std::pair<Slice, Slice>> fields = std::move(head_.fields);  // keep its memory
  fields.clear();
  *this = Framer();
  head_.fields = std::move(fields);
}

bool Framer::refuse(int status, std::string_view detail) {
  status_ = status;
  detail_ = detail;
  return false;
}

Framer::Outcome Framer::parse(std::span<char> bytes) {
  const auto refused = [this](int status, std::string_view detail) {
    refuse(status, detail);
    return Outcome::refused;
  };
  while (true) {
    // Something else than HTTP (a TLS ClientHello, say) is told at once, not when its time is up.
    const bool at_first_byte = !in_fields_ && line_ < bytes.size();
    if (at_first_byte && !token_bytes[static_cast<unsigned char>(bytes[line_])] &&
        (line_ > 0 || bytes[line_] != '\r')) {
      return refused(400, "The request does not begin with a method");
    }
    const void* found = scanned_ < bytes.size()
                            ? std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_)
                            : nullptr;
    const std::size_t end = found == nullptr ? bytes.size() : static_cast<const char*>(found) - bytes.data();
    if (!in_fields_ && end - line_ > maximum_request_line + 1)
      return refused(414, "The request line is too long");
    if (end >= maximum_head) return refused(431, "The header fields are too large");
    scanned_ = end;
    if (found == nullptr) return Outcome::incomplete;
    if (end == line_ || bytes[end - 1] != '\r')
      return refused(400, "A line of the head does not end with CR LF");

    const std::string_view line(bytes.data() + line_, end - 1 - line_);
    const std::size_t begin = line_;
    line_ = scanned_ = end + 1;
    if (in_fields_ && line.empty()) {
      head_.size = line_;
      return finish() ? Outcome::complete : Outcome::refused;
    }
    if (!in_fields_) {
      if (line.empty() && begin == 0) continue;  // one empty line before the request (RFC 9112 section 2.2)
      if (!take_request_line(bytes.data(), line)) return Outcome::refused;
      in_fields_ = true;
    } else if (!take_field(bytes.data(), line)) {
      return Outcome::refused;
    }
  }
}

// method SP target SP version (RFC 9112 section 3).
bool Framer::take_request_line(const char* bytes, std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) {
    return refuse(400, "The request line is not: method, target, version, with one space between them");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (method.empty() || !consists_of(method, token_bytes)) return refuse(400, "The method is not a token");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7])) {
    return refuse(400, "The request line does not end with an HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  is_http_1_0_ = version == "HTTP/1.0";
  head_.method = slice_of(bytes, method);
  return take_target(bytes, method, target);
}

// origin-form, absolute-form or asterisk-form (RFC 9112 section 3.2); authority-form belongs to CONNECT.
bool Framer::take_target(const char* bytes, std::string_view method, std::string_view target) {
  if (method == "CONNECT") return refuse(501, "This server is no proxy");
  if (!consists_of(target, target_bytes) || !is_percent_encoded(target)) {
    return refuse(400, "The request target holds a byte that is not allowed there");
  }
  if (target == "*" && method == "OPTIONS") {
    head_.path = slice_of(bytes, target);
    return true;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
    if (!is_authority(rest.substr(0, path))) return refuse(400, "The target names no valid host");
    if (path == rest.size() || rest[path] == '?') {  // an absent path means "/": the last byte of "://"
      head_.path = slice_of(bytes, target.substr(scheme.size() - 1, 1));
      if (path < rest.size()) head_.query = slice_of(bytes, rest.substr(path + 1));
      return true;
    }
    target = rest.substr(path);
    break;
  }
  if (target.empty() || target.front() != '/') return refuse(400, "The request target is not a path");
  const std::size_t question_mark = target.find('?');
  head_.path = slice_of(bytes, target.substr(0, question_mark));
  if (question_mark != target.npos) head_.query = slice_of(bytes, target.substr(question_mark + 1));
  return true;
}

// field-name ":" OWS field-value OWS (RFC 9112 section 5).
bool Framer::take_field(char* bytes, std::string_view line) {
  if (is_blank(line.front())) return refuse(400, "A header field is folded over two lines");
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == line.npos || name.empty() || !consists_of(name, token_bytes)) {
    return refuse(400, "The name of a header field is not a token followed by a colon");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!consists_of(value, value_bytes)) return refuse(400, "A header field holds a control byte");
  if (head_.fields.size() == maximum_fields) return refuse(431, "There are too many header fields");

  char* writable = bytes + (name.data() - bytes);
  std::transform(writable, writable + name.size(), writable, lower);
  head_.fields.emplace_back(slice_of(bytes, name), slice_of(bytes, value));
  return take_known_field(name, value);
}

bool Framer::take_known_field(std::string_view name, std::string_view value) {
  if (name == "host") {
    if (has_host_) return refuse(400, "There is more than one Host");
    has_host_ = true;
    if (!is_authority(value)) return refuse(400, "Host is not a host name with an optional port");
  } else if (name == "content-length") {
    if (has_content_length_) return refuse(400, "There is more than one Content-Length");
    has_content_length_ = true;
    if (value.empty() || !consists_of(value, digit_bytes)) {
      return refuse(400, "Content-Length is not a number");
    }
    constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
    for (const char digit : value) {
      const auto unit = static_cast<std::size_t>(digit - '0');
      const bool fits = head_.content_length <= (largest - unit) / 10;
      head_.content_length = fits ? head_.content_length * 10 + unit : largest;
      if (!fits) break;
    }
  } else if (name == "transfer-encoding") {
    has_transfer_encoding_ = true;
  } else if (name == "expect") {
    if (equals_ignoring_case(value, "100-continue")) {
      head_.expects_continue = true;
    } else {
      has_unknown_expectation_ = true;
    }
  } else if (name == "connection") {
    take_connection(value);
  }
  return true;
}

void Framer::take_connection(std::string_view value) {
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    wants_close_ = wants_close_ || equals_ignoring_case(option, "close");
    wants_keep_alive_ = wants_keep_alive_ || equals_ignoring_case(option, "keep-alive");
    if (comma == value.npos) return;
    value.remove_prefix(comma + 1);
  }
}

// What only the whole head can tell.
bool Framer::finish() {
  if (!has_host_ && !is_http_1_0_) return refuse(400, "Host is missing");
  if (has_transfer_encoding_ && has_content_length_) {
    return refuse(400, "There is both a Content-Length and a Transfer-Encoding");
  }
  if (has_transfer_encoding_) return refuse(411, "Send the body with a Content-Length");
  if (has_unknown_expectation_) return refuse(417, "The only expectation met here is 100-continue");
  head_.expects_continue = head_.expects_continue && !is_http_1_0_;
  head_.keep_alive = !wants_close_ && (!is_http_1_0_ || wants_keep_alive_);
  return true;
}

}  // namespace gateway

// Splits the head of an HTTP/1.x request (RFC 9112) and refuses whatever two readers could understand
// differently.
//
// Pure: no I/O, no allocation but for the list of fields. Strict where a proxy in front might disagree with
// us about where a request ends: bare CR or LF, folded fields, white space before a colon, control bytes,
// more than one Host or Content-Length, any Transfer-Encoding are refused, and after a refusal the connection
// must be closed.
//
// Incremental: parse() is called again with all bytes of the request so far. It remembers how far it has
// looked, so the work is linear in the number of bytes however they are split, and the result does not depend
// on the split: each decision is taken at one byte, and the first decision stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

constexpr std::size_t maximum_request_line = 8192;  // bytes before its CR LF; more is a 414
constexpr std::size_t maximum_head = 16384;         // bytes including the blank line; more is a 431
constexpr std::size_t maximum_fields = 100;         // more is a 431

// A part of the request's bytes, by position, because the buffer may move while the request is arriving.
struct Slice {
  std::uint32_t begin = 0;
  std::uint32_t length = 0;
  std::string_view of(const char* bytes) const { return {bytes + begin, length}; }
};

struct Head {
  Slice method;
  Slice path;   // begins with '/'; the single byte '*' for OPTIONS *
  Slice query;  // without '?'
  std::vector<std::pair<Slice, Slice>>
      fields;                      // name (lower-cased in the buffer), value without surrounding blanks
  std::size_t size = 0;            // bytes up to and including the blank line
  std::size_t content_length = 0;  // 0 when absent; SIZE_MAX when it does not fit
  bool keep_alive = false;         // by version and Connection (RFC 9112 section 9.3)
  bool expects_continue = false;   // Expect: 100-continue, from an HTTP/1.1 client
};

class Framer {
 public:
  enum class Outcome { incomplete, complete, refused };

  // `bytes` begins at the first byte of the request and grows from call to call; it may have been moved.
  // Lower-cases field names in place. After `complete` or `refused`, call reset() before the next request.
  Outcome parse(std::span<char> bytes);

  // After `complete`.
  const Head& head() const { return head_; }

  // After `refused`: the status to answer, and what to tell the client (never quotes the request).
  int status() const { return status_; }
  std::string_view detail() const { return detail_; }

  void reset();

 private:
  bool refuse(int status, std::string_view detail);  // always false, so that a check can end with it
  bool take_request_line(const char* bytes, std::string_view line);
  bool take_target(const char* bytes, std::string_view method, std::string_view target);
  bool take_field(char* bytes, std::string_view line);
  bool take_known_field(std::string_view name, std::string_view value);
  void take_connection(std::string_view value);
  bool finish();

  Head head_;
  std::size_t line_ = 0;     // where the current line begins
  std::size_t scanned_ = 0;  // no line feed in [line_, scanned_)
  int status_ = 0;
  std::string_view detail_;
  bool in_fields_ = false;  // the request line is done
  bool is_http_1_0_ = false;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool has_unknown_expectation_ = false;
  bool wants_close_ = false;
  bool wants_keep_alive_ = false;
};

// Equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view left, std::string_view right);

}  // namespace gateway

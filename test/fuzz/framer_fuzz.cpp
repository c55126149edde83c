// libFuzzer: whatever bytes arrive, and however they are split, the framer stays inside its buffer, keeps its
// promises about what it lets through, and comes to the same result.
//
// The first byte of the input seeds the places where the rest is split.
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <string>

#include "framer.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_inside(gateway::Slice slice, std::size_t size) {
  return slice.begin <= size && slice.length <= size - slice.begin;
}

void check_head(const gateway::Head& head, const std::string& bytes) {
  require(head.size <= bytes.size() && head.size <= gateway::maximum_head);
  require(bytes.compare(head.size - 4, 4, "\r\n\r\n") == 0);
  require(head.fields.size() <= gateway::maximum_fields);
  for (const gateway::Slice part : {head.method, head.path, head.query}) {
    require(is_inside(part, head.size));
    for (const char c : part.of(bytes.data())) require(c > 0x20 && c < 0x7f);
  }
  require(head.method.length > 0);
  const std::string_view path = head.path.of(bytes.data());
  require(path == "*" || (!path.empty() && path.front() == '/'));
  int hosts = 0;
  int lengths = 0;
  for (const auto& [name_slice, value_slice] : head.fields) {
    require(is_inside(name_slice, head.size) && is_inside(value_slice, head.size));
    const std::string_view name = name_slice.of(bytes.data());
    const std::string_view value = value_slice.of(bytes.data());
    require(!name.empty());
    for (const char c : name) require(c > 0x20 && c < 0x7f && c != ':' && (c < 'A' || c > 'Z'));
    for (const unsigned char c : value) require((c >= 0x20 && c != 0x7f) || c == '\t');
    require(value.empty() || (value.front() != ' ' && value.back() != ' '));
    require(name != "transfer-encoding");
    hosts += name == "host" ? 1 : 0;
    lengths += name == "content-length" ? 1 : 0;
  }
  require(hosts <= 1 && lengths <= 1);
  require(lengths == 1 || head.content_length == 0);
}

bool is_same(const gateway::Head& left, const gateway::Head& right) {
  const auto same = [](gateway::Slice a, gateway::Slice b) {
    return a.begin == b.begin && a.length == b.length;
  };
  if (left.fields.size() != right.fields.size()) return false;
  for (std::size_t i = 0; i < left.fields.size(); ++i) {
    if (!same(left.fields[i].first, right.fields[i].first)) return false;
    if (!same(left.fields[i].second, right.fields[i].second)) return false;
  }
  return same(left.method, right.method) && same(left.path, right.path) && same(left.query, right.query) &&
         left.size == right.size && left.content_length == right.content_length &&
         left.keep_alive == right.keep_alive && left.expects_continue == right.expects_continue;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);

  std::string whole = input;
  gateway::Framer at_once;
  const auto expected = at_once.parse(whole);
  if (expected == gateway::Framer::Outcome::complete) check_head(at_once.head(), whole);
  if (expected == gateway::Framer::Outcome::refused)
    require(at_once.status() >= 400 && !at_once.detail().empty());
  if (expected == gateway::Framer::Outcome::incomplete) require(input.size() < gateway::maximum_head);

  std::minstd_rand random(data[0] + 1U);
  std::string received;
  gateway::Framer in_pieces;
  auto outcome = gateway::Framer::Outcome::incomplete;
  for (std::size_t at = 0; at < input.size() && outcome == gateway::Framer::Outcome::incomplete;) {
    const std::size_t piece = std::min<std::size_t>(input.size() - at, 1 + random() % 64);
    std::string moved =
        received + input.substr(at, piece);  // another place in memory, and not a byte too many
    received = std::move(moved);
    at += piece;
    outcome = in_pieces.parse(received);
  }
  require(outcome == expected);
  require(in_pieces.status() == at_once.status() && in_pieces.detail() == at_once.detail());
  if (outcome == gateway::Framer::Outcome::complete) require(is_same(in_pieces.head(), at_once.head()));

  in_pieces.reset();
  std::string again = input;
  require(in_pieces.parse(again) == expected && in_pieces.status() == at_once.status());
  return 0;
}

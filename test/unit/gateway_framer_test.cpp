// What the gateway takes for a request, and what it refuses. test/fuzz holds what must be true of any input.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "framer.hpp"

namespace gateway {
namespace {

using Outcome = Framer::Outcome;

struct Framed {
  Outcome outcome;
  int status;
  std::string method, path, query;
  Head head;
  std::string bytes;
};

Framed frame(std::string bytes) {
  Framer framer;
  const Outcome outcome = framer.parse(bytes);
  Head head = framer.head();
  const char* base = bytes.data();
  return {outcome,
          framer.status(),
          std::string(head.method.of(base)),
          std::string(head.path.of(base)),
          std::string(head.query.of(base)),
          std::move(head),
          std::move(bytes)};
}

std::string request(const std::string& line, const std::string& fields = "") {
  return line + "\r\nHost: a.example\r\n" + fields + "\r\n";
}

// A GET with these further fields.
Framed with(const std::string& fields) { return frame(request("GET / HTTP/1.1", fields)); }

void expect_refused(const Framed& framed, int status) {
  EXPECT_EQ(framed.outcome, Outcome::refused) << framed.bytes;
  EXPECT_EQ(framed.status, status) << framed.bytes;
}

TEST(Framer, SplitsMethodPathAndQuery) {
  const Framed framed = frame(request("POST /api/auth/login?a=1&b=%20 HTTP/1.1"));
  ASSERT_EQ(framed.outcome, Outcome::complete);
  EXPECT_EQ(framed.method, "POST");
  EXPECT_EQ(framed.path, "/api/auth/login");
  EXPECT_EQ(framed.query, "a=1&b=%20");
  EXPECT_EQ(framed.head.size, framed.bytes.size());
}

TEST(Framer, LowersNamesAndTrimsValues) {
  const Framed framed = with("X-Thing: \t A b \t\r\nEMPTY:\r\n");
  ASSERT_EQ(framed.outcome, Outcome::complete);
  ASSERT_EQ(framed.head.fields.size(), 3U);
  EXPECT_EQ(framed.head.fields[1].first.of(framed.bytes.data()), "x-thing");
  EXPECT_EQ(framed.head.fields[1].second.of(framed.bytes.data()), "A b");
  EXPECT_EQ(framed.head.fields[2].second.of(framed.bytes.data()), "");
}

TEST(Framer, ComesToTheSameResultWhereverTheInputIsSplit) {
  for (const std::string& whole :
       {request("GET /x?y HTTP/1.1", "Content-Length: 3\r\nConnection: close\r\n") + "abcGET",
        request("GET / HTTP/3.0"), std::string("\r\nGET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"),
        request("GET  / HTTP/1.1")}) {
    const Framed expected = frame(whole);
    for (std::size_t split = 1; split < whole.size(); ++split) {
      Framer framer;
      std::string first = whole.substr(0, split);
      Outcome outcome = framer.parse(first);
      std::string all = whole;
      if (outcome == Outcome::incomplete) outcome = framer.parse(all);
      EXPECT_EQ(outcome, expected.outcome) << split;
      EXPECT_EQ(framer.status(), expected.status) << split;
      EXPECT_EQ(framer.head().size, expected.head.size) << split;
    }
  }
}

TEST(Framer, TakesAbsoluteFormForItsPath) {
  EXPECT_EQ(frame(request("GET http://a.example:80/p?q HTTP/1.1")).path, "/p");
  EXPECT_EQ(frame(request("GET http://a.example?q HTTP/1.1")).path, "/");
  EXPECT_EQ(frame(request("GET http://a.example?q HTTP/1.1")).query, "q");
  EXPECT_EQ(frame(request("GET HTTPS://a.example HTTP/1.1")).path, "/");
  expect_refused(frame(request("GET http:///p HTTP/1.1")), 400);
  expect_refused(frame(request("GET ftp://a/p HTTP/1.1")), 400);
}

TEST(Framer, TakesAnAsteriskFromOptionsOnly) {
  EXPECT_EQ(frame(request("OPTIONS * HTTP/1.1")).path, "*");
  expect_refused(frame(request("GET * HTTP/1.1")), 400);
}

TEST(Framer, RefusesMalformedRequestLines) {
  for (const std::string line :
       {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /a b HTTP/1.1",
        "G@T / HTTP/1.1", "GET / HT", "GET / http/1.1", "GET / HTTP/1.10", "GET a HTTP/1.1",
        "GET /# HTTP/1.1", "GET /%4 HTTP/1.1", "GET /%zz HTTP/1.1", "GET /\x01 HTTP/1.1",
        "GET /\x80 HTTP/1.1", "GET /\t HTTP/1.1", "GET  HTTP/1.1"}) {
    expect_refused(frame(request(line)), 400);
  }
  expect_refused(frame(request(std::string("GET /a\0b HTTP/1.1", 17))), 400);
}

TEST(Framer, RefusesOtherVersionsAndProxying) {
  expect_refused(frame(request("GET / HTTP/2.0")), 505);
  expect_refused(frame("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  expect_refused(frame(request("CONNECT a.example:443 HTTP/1.1")), 501);
}

TEST(Framer, TellsAtTheFirstByteThatThisIsNoRequest) {
  expect_refused(frame("\x16\x03\x01"), 400);  // a TLS ClientHello
  expect_refused(frame("\n"), 400);
}

TEST(Framer, SkipsOneEmptyLineBeforeTheRequest) {
  EXPECT_EQ(frame("\r\n" + request("GET / HTTP/1.1")).outcome, Outcome::complete);
  expect_refused(frame("\r\n\r\n" + request("GET / HTTP/1.1")), 400);
}

TEST(Framer, RefusesBareLineFeedsAndCarriageReturns) {
  expect_refused(frame("GET / HTTP/1.1\nHost: a\n\n"), 400);
  expect_refused(frame("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
  expect_refused(with("X: a\rb\r\n"), 400);
  expect_refused(with("X: a\r\r\n"), 400);
  expect_refused(frame("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
}

TEST(Framer, RefusesMalformedFields) {
  for (const std::string fields :
       {"X : a\r\n", ": a\r\n", "X\r\n", "X a: b\r\n", "X: 1\r\n folded\r\n", "\tX: 1\r\n", "X: \x01\r\n",
        "X: \x7f\r\n", "X(: a\r\n", "\xc3\xa9: a\r\n"}) {
    expect_refused(with(fields), 400);
  }
  expect_refused(with(std::string("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(with("X: \xc3\xa9\r\n").outcome, Outcome::complete);  // obs-text
}

TEST(Framer, WantsOneWellFormedHost) {
  const auto host = [](const std::string& value) {
    return frame("GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
  };
  for (const std::string value :
       {"a", "a.example:8004", "127.0.0.1", "[::1]", "[2001:db8::1]:443", "a:", "a:65535"}) {
    EXPECT_EQ(host(value).outcome, Outcome::complete) << value;
  }
  for (const std::string value :
       {"", ":80", "a:65536", "x:99999999", "a:b", "a b", "a/b", "u@a", "[::1", "[]", "[::1]x", "a,b:1:2"}) {
    expect_refused(host(value), 400);
  }
  expect_refused(frame("GET / HTTP/1.1\r\n\r\n"), 400);
  expect_refused(with("Host: a.example\r\n"), 400);
  EXPECT_EQ(frame("GET / HTTP/1.0\r\n\r\n").outcome, Outcome::complete);
}

TEST(Framer, ReadsContentLengthOnceAndDigitsOnly) {
  EXPECT_EQ(with("Content-Length: 0042\r\n").head.content_length, 42U);
  EXPECT_EQ(with("").head.content_length, 0U);
  for (const std::string value : {"abc", "2abc", "+2", "-1", "", "2, 2", "0x2", "2 2", "1.0"}) {
    expect_refused(with("Content-Length: " + value + "\r\n"), 400);
  }
  expect_refused(with("Content-Length: 2\r\nContent-Length: 3\r\n"), 400);
  expect_refused(with("Content-Length: 2\r\nContent-Length: 2\r\n"), 400);
}

TEST(Framer, DoesNotOverflowOnAHugeContentLength) {
  constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(with("Content-Length: 18446744073709551615\r\n").head.content_length, largest);
  EXPECT_EQ(with("Content-Length: 18446744073709551616\r\n").head.content_length, largest);
  EXPECT_EQ(with("Content-Length: " + std::string(300, '9') + "\r\n").head.content_length, largest);
}

TEST(Framer, RefusesEveryTransferEncoding) {
  for (const std::string value : {"chunked", "gzip, chunked", "identity", "xchunked", ""}) {
    expect_refused(with("Transfer-Encoding: " + value + "\r\n"), 411);
  }
  expect_refused(with("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"), 400);
  expect_refused(with("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"), 400);
  expect_refused(with("Transfer-Encoding : chunked\r\n"), 400);
}

TEST(Framer, MeetsOneExpectationOnly) {
  EXPECT_TRUE(with("Expect: 100-Continue\r\nContent-Length: 1\r\n").head.expects_continue);
  EXPECT_FALSE(frame("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expects_continue);
  expect_refused(with("Expect: 200-ok\r\n"), 417);
}

TEST(Framer, KeepsTheConnectionByVersionAndConnection) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return frame(request("GET / HTTP/" + version, fields)).head.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: Upgrade, CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(Framer, BoundsLineHeadAndNumberOfFields) {
  const auto target = [](std::size_t length) { return "/" + std::string(length - 1, 'a'); };
  constexpr std::size_t rest_of_line = std::string_view("GET  HTTP/1.1").size();
  EXPECT_EQ(frame(request("GET " + target(maximum_request_line - rest_of_line) + " HTTP/1.1")).outcome,
            Outcome::complete);
  expect_refused(frame(request("GET " + target(maximum_request_line - rest_of_line + 1) + " HTTP/1.1")), 414);
  expect_refused(frame(std::string(maximum_request_line + 2, 'A')), 414);
  EXPECT_EQ(with("X: " + std::string(10'000, 'x') + "\r\n").outcome, Outcome::complete);
  expect_refused(with("X: " + std::string(maximum_head, 'x')), 431);
  std::string fields;
  for (std::size_t i = 1; i < maximum_fields; ++i) fields += "X: 1\r\n";  // Host is one, too
  EXPECT_EQ(with(fields).outcome, Outcome::complete);
  expect_refused(with(fields + "X: 1\r\n"), 431);
}

TEST(Framer, TakesTheNextRequestAfterReset) {
  Framer framer;
  std::string first = request("GET /a HTTP/1.1", "Content-Length: 9\r\nConnection: close\r\n");
  ASSERT_EQ(framer.parse(first), Outcome::complete);
  framer.reset();
  std::string second = request("GET /b HTTP/1.1");
  ASSERT_EQ(framer.parse(second), Outcome::complete);
  EXPECT_EQ(framer.head().content_length, 0U);
  EXPECT_EQ(framer.head().fields.size(), 1U);
  EXPECT_TRUE(framer.head().keep_alive);
}

}  // namespace
}  // namespace gateway

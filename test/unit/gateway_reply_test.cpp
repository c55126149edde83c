// The bytes of a response.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reply.hpp"

namespace gateway {
namespace {

std::string written(const Reply& reply, bool keep_alive = true, bool head_only = false) {
  std::string out;
  append_response(out, reply, "id-1", keep_alive, head_only);
  return out;
}

Reply json(int status, std::string body) { return {status, std::move(body), "application/json", {}}; }

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Reply, CarriesWhatEveryResponseCarries) {
  const std::string text = written(json(200, "{}"));
  EXPECT_EQ(text.rfind("HTTP/1.1 200 OK\r\nDate: ", 0), 0U);
  for (const char* field : {"Content-Type: application/json\r\n", "Content-Length: 2\r\n",
                            "X-Request-ID: id-1\r\n", "Cache-Control: no-store\r\n",
                            "X-Content-Type-Options: nosniff\r\n", "Connection: keep-alive\r\n\r\n{}"}) {
    EXPECT_TRUE(contains(text, field)) << field;
  }
  EXPECT_TRUE(contains(written(json(200, "{}"), false), "Connection: close\r\n"));
}

TEST(Reply, KeepsALengthWithoutABodyForHead) {
  const std::string text = written(json(200, "12345"), true, true);
  EXPECT_TRUE(contains(text, "Content-Length: 5\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Reply, HasNoLengthWithoutContent) {
  const std::string text = written(json(204, ""));
  EXPECT_FALSE(contains(text, "Content-Length"));
  EXPECT_FALSE(contains(text, "Content-Type:"));
}

TEST(Reply, LetsAFunctionSetCacheControlOnce) {
  const std::string text = written({200, "", "text/plain", {{"cache-control", "public, max-age=300"}}});
  EXPECT_TRUE(contains(text, "cache-control: public, max-age=300\r\n"));
  EXPECT_FALSE(contains(text, "no-store"));
}

TEST(Reply, DropsAHeaderThatWouldSplitTheResponse) {
  const std::string text = written({200,
                                    "",
                                    "text/plain\r\nSet-Cookie: a",
                                    {{"X-A", "1\r\nSet-Cookie: b"},
                                     {"X-B\r\nSet-Cookie", "c"},
                                     {"X-Nul", std::string("d\0e", 3)},
                                     {"", "f"},
                                     {"X-D", "g"}}});
  EXPECT_FALSE(contains(text, "Set-Cookie"));
  EXPECT_FALSE(contains(text, "X-Nul"));
  EXPECT_TRUE(contains(text, "X-D: g\r\n"));
}

TEST(Problem, IsAnRfc9457Document) {
  const Reply reply = problem(422, "Invalid \"input\"", {{{"body", "email"}, "Field required", "missing"}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  const auto document = nlohmann::json::parse(reply.body);
  EXPECT_EQ(document,
            nlohmann::json::parse(R"({"type": "about:blank", "title": "Unprocessable Content", "status": 422,
      "detail": "Invalid \"input\"",
      "errors": [{"loc": ["body", "email"], "msg": "Field required", "type": "missing"}]})"));
  EXPECT_FALSE(nlohmann::json::parse(problem(404, "x").body).contains("errors"));
}

TEST(Problem, SurvivesBytesThatAreNotUtf8) {
  EXPECT_NO_THROW(nlohmann::json::parse(problem(400, "\xff").body));
}

}  // namespace
}  // namespace gateway

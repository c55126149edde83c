// What a client is told of a database error, and what it is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sqlstate.hpp"

namespace gateway {
namespace {

std::string header(const Reply& reply, std::string_view name) {
  const auto found = std::find_if(reply.headers.begin(), reply.headers.end(),
                                  [name](const auto& field) { return field.first == name; });
  return found == reply.headers.end() ? "" : found->second;
}

TEST(Refusal, CarriesStatusDetailAndHeaders) {
  const Reply reply = error_reply({"A0401", "Not authenticated", R"({"WWW-Authenticate":"Bearer"})"});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(nlohmann::json::parse(reply.body)["detail"], "Not authenticated");
  EXPECT_EQ(header(reply, "WWW-Authenticate"), "Bearer");
}

TEST(Refusal, IsClassA0WithAnErrorStatusAndNothingElse) {
  EXPECT_TRUE(is_refusal({"A0423", "", ""}));
  for (const char* sqlstate : {"A0200", "A0999", "A0xyz", "A04", "P0001", "23505", ""}) {
    EXPECT_FALSE(is_refusal({sqlstate, "secret", ""})) << sqlstate;
    EXPECT_EQ(error_reply({sqlstate, "secret", "secret"}).body.find("secret"), std::string::npos) << sqlstate;
  }
}

TEST(Refusal, SurvivesADetailThatIsNoHeaderObject) {
  for (const char* detail : {"free text", "[1]", "{", "null", "\"x\""}) {
    const Reply reply = error_reply({"A0403", "no", detail});
    EXPECT_EQ(reply.status, 403);
    EXPECT_TRUE(reply.headers.empty()) << detail;
  }
}

TEST(Headers, ThatWouldBreakTheMessageAreLeftOut) {
  Reply reply;
  EXPECT_TRUE(add_headers(reply, R"({"X-Good":"1","X-Number":5,"Bad Name":"1","X-Split":"a\r\nSet-Cookie: b",
      "X-Nul":"a\u0000","":"1","Content-Length":"0","transfer-encoding":"chunked","Connection":"close",
      "X-List":[1],"Content-Type":"text/plain","X-Ünicode":"1"})"));
  EXPECT_EQ(reply.headers.size(), 2U);
  EXPECT_EQ(header(reply, "X-Good"), "1");
  EXPECT_EQ(header(reply, "X-Number"), "5");
  EXPECT_EQ(reply.content_type, "text/plain");
}

TEST(Errors, MapToTheStatusThatTheirSqlstateDeserves) {
  const std::vector<std::pair<const char*, int>> expected{
      {"23505", 409}, {"23503", 409}, {"23514", 422}, {"23502", 422}, {"22P02", 422}, {"22001", 422},
      {"22003", 422}, {"42501", 403}, {"53300", 503}, {"57014", 504}, {"57P01", 503}, {"08006", 503},
      {"40001", 503}, {"40P01", 503}, {"25006", 503}, {"XX000", 500}, {"42601", 500}, {"P0001", 500}};
  for (const auto& [sqlstate, status] : expected) {
    const Reply reply = error_reply({sqlstate, "secret", "Key (email)=(secret) exists"});
    EXPECT_EQ(reply.status, status) << sqlstate;
    EXPECT_EQ(reply.body.find("secret"), std::string::npos) << sqlstate;
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_EQ(header(reply, "Retry-After").empty(), status != 503) << sqlstate;
  }
}

TEST(Unavailable, SaysWhenToTryAgain) {
  const Reply reply = unavailable("busy", 3);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(header(reply, "Retry-After"), "3");
}

}  // namespace
}  // namespace gateway

// Which request finds which route, and which rows of auth.routes are left out.
#include <gtest/gtest.h>

#include <functional>

#include "routes.hpp"

namespace gateway {
namespace {

RouteRow row(std::string method, std::string path, std::vector<std::string> arguments = {}) {
  RouteRow result;
  result.method = std::move(method);
  result.path = std::move(path);
  result.function = "auth.f";
  result.lane = "call";
  result.returns = "jsonb";
  result.argument_types.assign(arguments.size(), "text");
  result.argument_has_default.assign(arguments.size(), false);
  result.argument_names = std::move(arguments);
  return result;
}

class Routes : public ::testing::Test {
 protected:
  std::vector<RefusedRoute> refused_;
  RouteTable table_{
      {row("GET", "/"), row("GET", "/users"), row("POST", "/users"), row("GET", "/users/me"),
       row("GET", "/users/{user_id}", {"user_id"}), row("DELETE", "/users/{user_id}", {"user_id"}),
       row("GET", "/users/{user_id}/keys/{key_id}", {"user_id", "key_id"}),
       row("GET", "/users/me/keys/{key_id}", {"key_id"}), row("GET", "/{kind}/all/list", {"kind"}),
       row("GET", "/things/{thing}/list", {"thing"})},
      refused_};

  std::string found(std::string_view method, std::string_view path) {
    PathSegments segments;
    if (!segments.split(path)) return "malformed";
    const RouteMatch match = table_.find(method, segments);
    if (match.route != nullptr) return match.route->method + " " + std::string(match.pattern);
    return match.allow.empty() ? "none" : "allow " + match.allow;
  }
};

TEST_F(Routes, AreFoundByPathAndMethod) {
  EXPECT_EQ(found("GET", "/"), "GET /");
  EXPECT_EQ(found("POST", "/users"), "POST /users");
  EXPECT_EQ(found("DELETE", "/users/7"), "DELETE /users/{user_id}");
  EXPECT_EQ(found("GET", "/users/7/keys/x"), "GET /users/{user_id}/keys/{key_id}");
}

TEST_F(Routes, HeadFindsGet) { EXPECT_EQ(found("HEAD", "/users"), "GET /users"); }

TEST_F(Routes, StaticSegmentsBeatParametersFromTheLeft) {
  EXPECT_EQ(found("GET", "/users/me"), "GET /users/me");
  EXPECT_EQ(found("GET", "/users/me/keys/1"), "GET /users/me/keys/{key_id}");
  EXPECT_EQ(found("GET", "/things/all/list"), "GET /things/{thing}/list");
}

TEST_F(Routes, AMethodThatOnlyTheLessStaticPatternHasIsFoundThere) {
  EXPECT_EQ(found("DELETE", "/users/me"), "DELETE /users/{user_id}");
}

TEST_F(Routes, AWrongMethodListsThoseThatAllMatchingPatternsHave) {
  EXPECT_EQ(found("PUT", "/users"), "allow GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(found("PUT", "/users/me"), "allow DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(found("get", "/users"), "allow GET, HEAD, OPTIONS, POST");
}

TEST_F(Routes, EmptySegmentsMatchNothing) {
  for (const char* path : {"//", "/users/", "//users", "/users//keys/1", "/users/7/keys/", "/users/me/"}) {
    EXPECT_EQ(found("GET", path), "none") << path;
  }
}

TEST_F(Routes, APathOfSlashesCostsNoRecursionAndMatchesNothing) {
  EXPECT_EQ(found("GET", std::string(1'000'000, '/')), "none");
  std::string deep;
  for (int segment = 0; segment < 100'000; ++segment) deep += "/a";
  EXPECT_EQ(found("GET", deep), "none");
}

TEST_F(Routes, SegmentsAreDecodedAfterSplitting) {
  PathSegments segments;
  ASSERT_TRUE(segments.split("/users/a%2Fb%20c+d/keys/%C3%A9"));
  const RouteMatch match = table_.find("GET", segments);
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(segments.all()[1], "a/b c+d");
  EXPECT_EQ(segments.all()[3], "\xC3\xA9");
  EXPECT_EQ(found("GET", "/users%2Fme"), "none");
  EXPECT_EQ(found("GET", "/%75sers/%6de"), "GET /users/me");
}

TEST_F(Routes, MalformedEscapesAreNoPath) {
  for (const char* path : {"/users/%", "/users/%4", "/users/%zz", "/%", "/users/%%41"}) {
    EXPECT_EQ(found("GET", path), "malformed") << path;
  }
}

TEST_F(Routes, ANulByteIsNoStaticSegment) { EXPECT_EQ(found("GET", "/users%00"), "none"); }

class RefusedRows : public ::testing::Test {
 protected:
  // The reason why the row is left out; empty when it is served.
  static std::string reason(std::vector<RouteRow> rows) {
    std::vector<RefusedRoute> refused;
    const RouteTable table(std::move(rows), refused);
    return refused.empty() ? "" : refused.front().reason;
  }
  static std::string reason_with(const std::function<void(RouteRow&)>& change) {
    RouteRow changed = row("GET", "/a/{b}", {"b"});
    change(changed);
    return reason({changed});
  }
};

TEST_F(RefusedRows, AGoodRowIsServed) { EXPECT_EQ(reason({row("GET", "/a/{b}", {"b"})}), ""); }

TEST_F(RefusedRows, SayWhatIsWrong) {
  EXPECT_NE(reason_with([](RouteRow& r) { r.lane = "fast"; }).find("lane"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.returns = ""; }).find("does not exist"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.returns = "integer"; }).find("integer"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.method = "BREW"; }).find("method"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.success_status = 404; }).find("status"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.path = "/a/{c}"; }).find("{c}"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.argument_names[0] = ""; }).find("name"), std::string::npos);
  EXPECT_NE(reason_with([](RouteRow& r) { r.argument_types.clear(); }).find("number"), std::string::npos);
  for (const char* path : {"", "a", "/a//b", "/a/", "/a/{}", "/a b", "/a/{b}c", "/a?b", "/a/%41"}) {
    EXPECT_NE(reason_with([path](RouteRow& r) { r.path = path; }), "") << path;
  }
}

TEST_F(RefusedRows, AFunctionThatWouldNotBeANameInSqlIsLeftOut) {
  for (const char* function : {"f", "auth.", ".f", "auth.f()", "auth.f; DROP TABLE x", "Auth.f", "a.b.c",
                               "\"a\".\"b", "auth.f -- "}) {
    EXPECT_NE(reason_with([function](RouteRow& r) { r.function = function; }), "") << function;
  }
  EXPECT_EQ(reason_with([](RouteRow& r) { r.function = "\"A\"\"b\".\"F.g\""; }), "");
}

TEST_F(RefusedRows, AGatewayArgumentThatNobodySuppliesNeedsADefault) {
  EXPECT_NE(reason({row("GET", "/a", {"_unknown"})}), "");
  RouteRow defaulted = row("GET", "/a", {"_unknown"});
  defaulted.argument_has_default = {true};
  EXPECT_EQ(reason({defaulted}), "");
}

TEST_F(RefusedRows, APathParameterCannotBeAGatewayArgument) {
  EXPECT_NE(reason({row("GET", "/a/{_access_token}", {"_access_token"})}), "");
}

TEST_F(RefusedRows, TwoRowsThatHideEachOtherAreBothLeftOut) {
  std::vector<RefusedRoute> refused;
  const RouteTable table(
      {row("GET", "/a/{b}", {"b"}), row("GET", "/a/{c}", {"c"}), row("POST", "/a/{c}", {"c"})}, refused);
  EXPECT_EQ(refused.size(), 2U);
  EXPECT_EQ(table.routes().size(), 1U);
}

TEST(RouteNumbers, AreNeverUsedTwice) {
  std::vector<RefusedRoute> refused;
  const RouteTable first({row("GET", "/a")}, refused);
  const RouteTable second({row("GET", "/a")}, refused);
  EXPECT_NE(first.routes()[0].number, second.routes()[0].number);
}

}  // namespace
}  // namespace gateway

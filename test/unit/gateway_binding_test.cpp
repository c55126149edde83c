// What of a request becomes an argument, and what is refused with which words.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "binding.hpp"

namespace gateway {
namespace {

struct Parameter {
  std::string name, type;
  bool has_default = false;
};

// One route with the given arguments, and requests to it.
class Binding : public ::testing::Test {
 protected:
  void use(std::vector<Parameter> parameters, const std::string& method = "POST",
           const std::string& path = "/f") {
    RouteRow row;
    row.method = method;
    row.path = path;
    row.function = "auth.f";
    row.lane = "call";
    row.returns = "jsonb";
    for (const Parameter& parameter : parameters) {
      row.argument_names.push_back(parameter.name);
      row.argument_types.push_back(parameter.type);
      row.argument_has_default.push_back(parameter.has_default);
    }
    std::vector<RefusedRoute> refused;
    table_.emplace(std::vector{row}, refused);
    ASSERT_TRUE(refused.empty()) << refused.front().reason;
  }

  // Binds; then values_ holds the given arguments by name, or reply_ the refusal.
  void bind_request() {
    PathSegments segments;
    ASSERT_TRUE(segments.split(request_.path));
    const RouteMatch match = table_->find(table_->routes()[0].method, segments);
    ASSERT_NE(match.route, nullptr);
    BoundArguments arguments;
    reply_ = bind(*match.route, segments, request_, arguments);
    values_.clear();
    if (reply_) return;
    std::vector<const char*> pointers;
    arguments.append_pointers(pointers);
    std::size_t next = 0;
    for (std::size_t index = 0; index < match.route->arguments.size(); ++index) {
      if ((arguments.given() >> index & 1) == 0) continue;
      const char* text = pointers[next++];
      values_[match.route->arguments[index].name] = text == nullptr ? "NULL" : text;
    }
  }

  void post(std::string_view body) {
    request_.path = "/f";
    request_.body = body;
    request_.headers = {{"content-type", "application/json"}};
    bind_request();
  }

  // The one argument's text, or the status and type of the refusal.
  std::string outcome() {
    if (!reply_) return values_.begin()->second;
    const auto document = nlohmann::json::parse(reply_->body);
    const std::string type = document.contains("errors") ? document["errors"][0]["type"] : "-";
    return std::to_string(reply_->status) + " " + type;
  }
  std::string from_body(const std::string& type, const std::string& json) {
    use({{"a", type}});
    post("{\"a\":" + json + "}");
    return outcome();
  }
  std::string from_query(const std::string& type, const std::string& query) {
    use({{"a", type}}, "GET");
    request_ = {};
    request_.path = "/f";
    request_.query = query;
    bind_request();
    return outcome();
  }

  std::optional<RouteTable> table_;
  Request request_{};
  std::optional<Reply> reply_;
  std::map<std::string, std::string> values_;
};

TEST_F(Binding, TakesPathThenBodyThenQuery) {
  use({{"id", "uuid"}, {"name", "text"}, {"limit", "integer"}}, "POST", "/f/{id}");
  request_.path = "/f/00000000-0000-0000-0000-00000000000a";
  request_.query = "limit=5&name=query&id=other";
  request_.body = R"({"id":"body","name":"body"})";
  request_.headers = {{"content-type", "application/json"}};
  bind_request();
  ASSERT_FALSE(reply_);
  EXPECT_EQ(values_["id"], "00000000-0000-0000-0000-00000000000a");
  EXPECT_EQ(values_["name"], "body");
  EXPECT_EQ(values_["limit"], "5");
}

TEST_F(Binding, LeavesOutWhatIsAbsentOrNullAndHasADefault) {
  use({{"a", "text", true}, {"b", "text", true}, {"c", "text", true}});
  post(R"({"a":null,"c":"x","unknown":{"nested":[1]}})");
  ASSERT_FALSE(reply_);
  EXPECT_EQ(values_, (std::map<std::string, std::string>{{"c", "x"}}));
}

TEST_F(Binding, NamesEveryArgumentThatIsMissingOrWrong) {
  use({{"email", "text"}, {"password", "text"}, {"age", "integer"}});
  post(R"({"password":null,"age":"x"})");
  ASSERT_TRUE(reply_);
  EXPECT_EQ(reply_->status, 422);
  const auto document = nlohmann::json::parse(reply_->body);
  EXPECT_EQ(document["detail"], "email: Field required (and 2 more errors)");
  EXPECT_EQ(document["errors"], nlohmann::json::parse(R"([
      {"loc":["body","email"],"msg":"Field required","type":"missing"},
      {"loc":["body","password"],"msg":"Field required","type":"missing"},
      {"loc":["body","age"],"msg":"Input should be a valid integer","type":"int_type"}])"));
}

TEST_F(Binding, AsksForTheQueryParameterWhereThereIsNoBody) {
  EXPECT_EQ(from_query("text", ""), "422 missing");
  EXPECT_EQ(nlohmann::json::parse(reply_->body)["errors"][0]["loc"], (nlohmann::json{"query", "a"}));
}

TEST_F(Binding, IntegersAreDigitsInRange) {
  EXPECT_EQ(from_body("integer", "2147483647"), "2147483647");
  EXPECT_EQ(from_body("integer", "-2147483648"), "-2147483648");
  EXPECT_EQ(from_body("integer", "2147483648"), "422 less_than_equal");
  EXPECT_EQ(from_body("smallint", "-32769"), "422 greater_than_equal");
  EXPECT_EQ(from_body("bigint", "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(from_body("bigint", "9223372036854775808"), "422 less_than_equal");
  EXPECT_EQ(from_body("bigint", "-99999999999999999999"), "422 greater_than_equal");
  for (const char* json : {"1.0", "1e3", "\"1\"", "true", "[1]", "{}"}) {
    EXPECT_EQ(from_body("bigint", json), "422 int_type") << json;
  }
  EXPECT_EQ(from_query("integer", "a=-7"), "-7");
  for (const char* query : {"a=", "a=1.0", "a=%2B1", "a=1x", "a=+1", "a=0x10", "a=1%00"}) {
    EXPECT_EQ(from_query("integer", query), "422 int_parsing") << query;
  }
}

TEST_F(Binding, NumbersKeepTheirDigits) {
  EXPECT_EQ(from_body("numeric", "12345678901234567890.12345678901234567890"),
            "12345678901234567890.12345678901234567890");
  EXPECT_EQ(from_body("numeric", "123456789012345678901234567890"), "123456789012345678901234567890");
  EXPECT_EQ(from_body("double precision", "\"1\""), "422 float_type");
  EXPECT_EQ(from_query("numeric", "a=1.5e3"), "1.5e3");
  for (const char* query : {"a=NaN", "a=infinity", "a=", "a=0x1p3", "a=1,5"}) {
    EXPECT_EQ(from_query("double precision", query), "422 float_parsing") << query;
  }
}

TEST_F(Binding, BooleansAreTrueAndFalse) {
  EXPECT_EQ(from_body("boolean", "false"), "false");
  for (const char* json : {"1", "\"true\"", "[]"}) EXPECT_EQ(from_body("boolean", json), "422 bool_type");
  for (const char* query : {"a=true", "a=1", "a=On", "a=YES"})
    EXPECT_EQ(from_query("boolean", query), "true");
  EXPECT_EQ(from_query("boolean", "a=0"), "false");
  EXPECT_EQ(from_query("boolean", "a=2"), "422 bool_parsing");
}

TEST_F(Binding, UuidsAndAddressesAreWellFormed) {
  EXPECT_EQ(from_body("uuid", "\"0F8FAD5B-d9cb-469f-a165-70867728950e\""),
            "0F8FAD5B-d9cb-469f-a165-70867728950e");
  for (const char* json :
       {"\"\"", "\"0f8fad5b-d9cb-469f-a165-70867728950\"", "\"0f8fad5b-d9cb-469f-a165-70867728950g\"",
        "\"0f8fad5bd-9cb-469f-a165-70867728950e\""}) {
    EXPECT_EQ(from_body("uuid", json), "422 uuid_parsing") << json;
  }
  EXPECT_EQ(from_body("uuid", "7"), "422 uuid_type");
  for (const char* json : {"\"192.0.2.1\"", "\"2001:db8::1\"", "\"10.0.0.0/8\"", "\"::/0\""}) {
    EXPECT_FALSE(from_body("inet", json).starts_with("422")) << json;
  }
  for (const char* json : {"\"10.0.0.1/33\"", "\"10.1\"", "\"host\"", "\"1.2.3.4/\"", "\"::1/129\"", "1"}) {
    EXPECT_EQ(from_body("inet", json), "422 ip_any_address") << json;
  }
}

TEST_F(Binding, TextIsUnicodeWithoutNul) {
  EXPECT_EQ(from_body("text", R"("\u00e9\ud83d\ude00\n")"), "\xC3\xA9\xF0\x9F\x98\x80\n");
  EXPECT_EQ(from_body("text", R"("a\u0000b")"), "422 string_null");
  EXPECT_EQ(from_body("citext", "5"), "422 string_type") << "an unknown type is text";
  EXPECT_EQ(from_query("text", "a=%FF"), "422 string_unicode");
  EXPECT_EQ(from_query("text", "a=%00"), "422 string_null");
  EXPECT_EQ(from_query("text", "a=x+y%2Bz"), "x y+z");
  EXPECT_EQ(from_query("text", "a=%zz"), "400 query_invalid");
}

TEST_F(Binding, JsonIsPassedOnWithoutLoss) {
  EXPECT_EQ(from_body("jsonb", R"( {"b" : [1.10, "é\"\u0001", {"c":null}, [] , {}], "b2":-0.0} )"),
            R"({"b":[1.10,"é\"\u0001",{"c":null},[],{}],"b2":-0.0})");
  EXPECT_EQ(from_body("jsonb", "\"text\""), "\"text\"");
  EXPECT_EQ(from_body("json", "[true]"), "[true]");
  EXPECT_EQ(from_query("jsonb", "a={\"b\":1}"), "{\"b\":1}");
  EXPECT_EQ(from_query("jsonb", "a={"), "422 json_invalid");
}

TEST_F(Binding, ListsBecomeArrayLiteralsThatNothingCanBreakOutOf) {
  EXPECT_EQ(from_body("text[]", R"(["a","b,c","\"}","\\","NULL",""])"),
            R"({"a","b,c","\"}","\\","NULL",""})");
  EXPECT_EQ(from_body("bigint[]", "[1,-2]"), R"({"1","-2"})");
  EXPECT_EQ(from_body("jsonb[]", R"([{"a":[1,{"b":2}]},3])"), R"({"{\"a\":[1,{\"b\":2}]}","3"})");
  EXPECT_EQ(from_body("integer[]", "[]"), "{}");
  EXPECT_EQ(from_body("text[]", "\"a\""), "422 list_type");
  EXPECT_EQ(from_body("text[]", "[\"a\",null]"), "422 string_type");
  EXPECT_EQ(nlohmann::json::parse(reply_->body)["errors"][0]["loc"], (nlohmann::json{"body", "a", "1"}));
  EXPECT_EQ(from_query("integer[]", "a=1&a=2"), R"({"1","2"})");
}

TEST_F(Binding, AScalarIsGivenOnce) { EXPECT_EQ(from_query("text", "a=1&a=2"), "422 multiple_values"); }

TEST_F(Binding, WhatIsNoJsonIsA400) {
  use({{"a", "text", true}});
  for (std::string_view body :
       {"{", "nonsense", "{\"a\":1} x", "{'a':1}", "{\"a\":\"\xFF\"}", R"({"a":"\ud800"})", "{\"a\":01}",
        "NaN", R"({"a":"x","a":"y"})", "{\"a\":1e999}", "{\"a\":\"\x01\"}"}) {
    post(body);
    ASSERT_TRUE(reply_) << body;
    EXPECT_EQ(outcome(), "400 json_invalid") << body;
  }
}

TEST_F(Binding, DeepNestingIsA400AndCostsNothing) {
  use({{"a", "text", true}});
  post(std::string(500'000, '['));
  EXPECT_EQ(outcome(), "400 json_invalid");
  post("{\"unknown\":" + std::string(63, '[') + std::string(63, ']') + "}");
  EXPECT_FALSE(reply_);
  post("{\"unknown\":" + std::string(64, '[') + std::string(64, ']') + "}");
  EXPECT_EQ(outcome(), "400 json_invalid");
}

TEST_F(Binding, ABodyThatIsNoObjectIsA422) {
  use({{"a", "text", true}});
  for (std::string_view body : {"[]", "7", "\"x\"", "null", "[{\"a\":1}]"}) {
    post(body);
    EXPECT_EQ(outcome(), "422 dict_type") << body;
    EXPECT_EQ(nlohmann::json::parse(reply_->body)["errors"][0]["loc"], (nlohmann::json{"body"}));
  }
}

TEST_F(Binding, OnlyJsonIsReadAsABody) {
  use({{"a", "text", true}});
  request_.path = "/f";
  request_.body = "{}";
  for (const char* type : {"text/plain", "application/jsonp", "application/x-www-form-urlencoded", ""}) {
    request_.headers = {{"content-type", type}};
    bind_request();
    EXPECT_EQ(outcome(), "415 -") << type;
  }
  for (const char* type : {"Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"}) {
    request_.headers = {{"content-type", type}};
    bind_request();
    EXPECT_FALSE(reply_) << type;
  }
}

TEST_F(Binding, NoClientCanSetAnArgumentOfTheGateway) {
  use({{"_access_token", "text", true}, {"_client_ip", "inet", true}, {"_headers", "jsonb", true}});
  request_.client_ip = "192.0.2.1";
  request_.query = "_access_token=forged&_client_ip=10.0.0.1";
  post(R"({"_access_token":"forged","_client_ip":"10.0.0.1","_headers":{"x":"y"}})");
  ASSERT_FALSE(reply_);
  EXPECT_FALSE(values_.contains("_access_token"));
  EXPECT_EQ(values_["_client_ip"], "192.0.2.1");
  EXPECT_EQ(values_["_headers"], R"({"content-type":"application/json"})");
}

TEST_F(Binding, HeadersComeWithoutCredentials) {
  use({{"_headers", "jsonb"}}, "GET");
  request_.path = "/f";
  request_.headers = {{"authorization", "Bearer secret"},
                      {"x-a", "1"},
                      {"cookie", "secret"},
                      {"proxy-authorization", "secret"},
                      {"x-a", "\"2\xFF"}};
  bind_request();
  EXPECT_EQ(values_["_headers"], "{\"x-a\":\"1, \\\"2\xEF\xBF\xBD\"}");
}

TEST_F(Binding, AUserAgentIsCutAndCleaned) {
  use({{"_user_agent", "text"}}, "GET");
  request_.path = "/f";
  std::string agent = "\xFF" + std::string(508, 'a') + "\xC3\xA9";
  request_.headers = {{"user-agent", agent}};
  bind_request();
  EXPECT_EQ(values_["_user_agent"], "\xEF\xBF\xBD" + std::string(508, 'a')) << "no half character at the end";
}

TEST_F(Binding, AbsentGatewayValuesAreNullWhereThereIsNoDefault) {
  use({{"_access_token", "text"}, {"_api_key", "text"}}, "GET");
  request_.path = "/f";
  request_.headers = {{"x-elevaite-apikey", "key"}};
  bind_request();
  EXPECT_EQ(values_["_access_token"], "NULL");
  EXPECT_EQ(values_["_api_key"], "key");
}

TEST_F(Binding, TheWholeBodyIsPassedToBody) {
  use({{"_body", "jsonb", true}});
  post(R"({ "anything": [1, 2] })");
  EXPECT_EQ(values_["_body"], R"({ "anything": [1, 2] })");
  post("[]");
  EXPECT_EQ(outcome(), "422 dict_type");
}

TEST_F(Binding, ABodyTakenAsTextIsPassedOnUnread) {
  use({{"_body", "text", true}});
  request_.path = "/f";
  for (const std::string_view type : {"application/json", "text/plain", ""}) {
    request_.headers = {{"content-type", type}};
    for (const std::string_view body : {"[1", "nonsense", R"({"a":1,"a":2})", "\"\xC3\xA9\""}) {
      request_.body = body;
      bind_request();
      ASSERT_FALSE(reply_) << body;
      EXPECT_EQ(values_["_body"], body);
    }
  }
  request_.body = "";
  bind_request();
  EXPECT_FALSE(reply_);
  EXPECT_FALSE(values_.contains("_body"));
  using namespace std::string_view_literals;
  for (const std::string_view body : {"{\"a\":\"\xFF\"}"sv, "{} \0{}"sv}) {
    request_.body = body;
    bind_request();
    EXPECT_EQ(outcome(), "400 json_invalid") << "text holds neither invalid UTF-8 nor NUL";
  }
}

std::string_view token_of(std::string_view authorization) {
  Request request{};
  request.headers = {{"authorization", authorization}};
  return bearer_token(request);
}

TEST(BearerToken, IsWhatFollowsTheScheme) {
  EXPECT_EQ(token_of("Bearer abc.DEF-_~+/1=="), "abc.DEF-_~+/1==");
  EXPECT_EQ(token_of("bEARER   abc"), "abc");
  for (const char* malformed : {"", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "Bearer a b", "Bearer a=b",
                                "Bearer =", "Bearer a\"", "Bearer \xC3\xA9", "abc"}) {
    EXPECT_EQ(token_of(malformed), "") << malformed;
  }
}

TEST(CallStatement, NamesAndCastsEachGivenArgument) {
  Route route;
  route.function = "auth.f";
  for (const auto& [name, type] :
       {std::pair{"a", "text"}, {"odd\"name", "uuid[]"}, {"c", "timestamp with time zone"}}) {
    route.arguments.emplace_back();
    route.arguments.back().name = name;
    route.arguments.back().sql_type = type;
  }
  EXPECT_EQ(call_statement(route, 0b101),
            "SELECT auth.f(\"a\" => $1::text, \"c\" => $2::timestamp with time zone)");
  route.returns = Returns::http_response;
  EXPECT_EQ(call_statement(route, 0b010),
            "SELECT status, headers, body FROM auth.f(\"odd\"\"name\" => $1::uuid[])");
  EXPECT_EQ(call_statement(route, 0), "SELECT status, headers, body FROM auth.f()");
}

}  // namespace
}  // namespace gateway

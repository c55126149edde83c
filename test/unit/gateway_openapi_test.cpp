// The OpenAPI document says what the binder does.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "openapi.hpp"

namespace gateway {
namespace {

RouteRow row(std::string method, std::string path) {
  RouteRow result;
  result.method = std::move(method);
  result.path = std::move(path);
  result.function = "auth.f";
  result.lane = "call";
  result.returns = "jsonb";
  result.success_status = 201;
  result.summary = "Summary";
  result.description = "Description";
  result.argument_names = {"id", "ids", "note", "_access_token", "_client_ip"};
  result.argument_types = {"uuid", "bigint[]", "text", "text", "inet"};
  result.argument_has_default = {false, false, true, true, true};
  return result;
}

nlohmann::json document_of(std::vector<RouteRow> rows) {
  std::vector<RefusedRoute> refused;
  return nlohmann::json::parse(openapi_document(RouteTable(std::move(rows), refused), "1.0", "/auth-api"));
}

TEST(OpenApi, DescribesABodyByTheArguments) {
  const auto document = document_of({row("POST", "/a/{id}")});
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["servers"][0]["url"], "/auth-api");
  const auto& operation = document["paths"]["/a/{id}"]["post"];
  EXPECT_EQ(operation["summary"], "Summary");
  EXPECT_EQ(operation["description"], "Description");
  EXPECT_EQ(operation["parameters"], nlohmann::json::parse(R"([
      {"name":"id","in":"path","required":true,"schema":{"type":"string","format":"uuid"}}])"));
  const auto& schema = operation["requestBody"]["content"]["application/json"]["schema"];
  EXPECT_EQ(schema["required"], nlohmann::json::parse(R"(["ids"])"));
  EXPECT_EQ(schema["properties"], nlohmann::json::parse(R"({
      "ids":{"type":"array","items":{"type":"integer","format":"int64"}},
      "note":{"type":["string","null"]}})"));
  EXPECT_TRUE(operation["responses"].contains("201"));
  EXPECT_EQ(operation["security"], nlohmann::json::parse(R"([{"bearer":[]}])"));
}

TEST(OpenApi, DescribesAQueryWhereThereIsNoBody) {
  const auto document = document_of({row("GET", "/a/{id}")});
  const auto& operation = document["paths"]["/a/{id}"]["get"];
  EXPECT_FALSE(operation.contains("requestBody"));
  ASSERT_EQ(operation["parameters"].size(), 3U);
  EXPECT_EQ(operation["parameters"][1]["in"], "query");
  EXPECT_EQ(operation["parameters"][1]["required"], true);
  EXPECT_EQ(operation["parameters"][2]["required"], false);
}

TEST(OpenApi, SaysNothingOfArgumentsThatOnlyTheGatewayGives) {
  const std::string text = document_of({row("POST", "/a/{id}")}).dump();
  EXPECT_EQ(text.find("_access_token"), std::string::npos);
  EXPECT_EQ(text.find("_client_ip"), std::string::npos);
}

TEST(OpenApi, IsTheSameWhateverTheOrderOfTheRows) {
  EXPECT_EQ(document_of({row("POST", "/a/{id}"), row("GET", "/a/{id}"), row("GET", "/b/{id}")}),
            document_of({row("GET", "/b/{id}"), row("GET", "/a/{id}"), row("POST", "/a/{id}")}));
}

TEST(OpenApi, OperationIdsOfSimilarPathsDiffer) {
  const auto document = document_of({row("GET", "/a/b/{id}"), row("GET", "/a_b/{id}")});
  EXPECT_NE(document["paths"]["/a/b/{id}"]["get"]["operationId"],
            document["paths"]["/a_b/{id}"]["get"]["operationId"]);
}

TEST(OpenApi, AVoidFunctionAnswers204) {
  RouteRow nothing = row("DELETE", "/a/{id}");
  nothing.returns = "void";
  nothing.success_status = 204;
  const auto document = document_of({nothing});
  const auto& responses = document["paths"]["/a/{id}"]["delete"]["responses"];
  ASSERT_TRUE(responses.contains("204"));
  EXPECT_FALSE(responses["204"].contains("content"));
}

}  // namespace
}  // namespace gateway

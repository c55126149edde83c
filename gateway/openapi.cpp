#include "openapi.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gateway {
namespace {

using Json = nlohmann::ordered_json;

Json scalar_schema(Scalar scalar) {
  switch (scalar) {
    case Scalar::boolean:
      return {{"type", "boolean"}};
    case Scalar::smallint:
      return {{"type", "integer"}, {"minimum", -32768}, {"maximum", 32767}};
    case Scalar::integer:
      return {{"type", "integer"}, {"format", "int32"}};
    case Scalar::bigint:
      return {{"type", "integer"}, {"format", "int64"}};
    case Scalar::number:
      return {{"type", "number"}};
    case Scalar::uuid:
      return {{"type", "string"}, {"format", "uuid"}};
    case Scalar::timestamp:
      return {{"type", "string"}, {"format", "date-time"}};
    case Scalar::json:
      return Json::object();  // anything
    case Scalar::inet:
    case Scalar::text:
      break;
  }
  return {{"type", "string"}};
}

Json schema(const ArgumentType& type) {
  if (!type.is_array) return scalar_schema(type.scalar);
  return {{"type", "array"}, {"items", scalar_schema(type.scalar)}};
}

// A client may send null for what it may leave out.
Json optional_schema(const ArgumentType& type) {
  Json value = schema(type);
  if (value.contains("type")) value["type"] = Json::array({value["type"], "null"});
  return value;
}

std::string operation_id(const Route& route) {
  std::string id = route.method;
  std::transform(id.begin(), id.end(), id.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  // '/' becomes "__", so that /a/b_c and /a_b/c differ.
  for (const char character : route.pattern) {
    if (character == '/') {
      id.append("__");
    } else if (character != '{' && character != '}') {
      id.push_back(character);
    }
  }
  return id;
}

bool takes_body(const Route& route) { return route.method != "GET" && route.method != "DELETE"; }

bool has_source(const Route& route, Source source) {
  return std::any_of(route.arguments.begin(), route.arguments.end(),
                     [source](const Argument& argument) { return argument.source == source; });
}

Json parameters(const Route& route) {
  Json list = Json::array();
  for (const Argument& argument : route.arguments) {
    if (argument.source == Source::path) {
      list.push_back(
          {{"name", argument.name}, {"in", "path"}, {"required", true}, {"schema", schema(argument.type)}});
    } else if (argument.source == Source::client && !takes_body(route)) {
      list.push_back({{"name", argument.name},
                      {"in", "query"},
                      {"required", !argument.has_default},
                      {"schema", schema(argument.type)}});
    }
  }
  return list;
}

// Null when the operation takes no body.
Json request_body(const Route& route) {
  if (!takes_body(route)) return nullptr;
  Json properties = Json::object();
  Json required = Json::array();
  for (const Argument& argument : route.arguments) {
    if (argument.source != Source::client) continue;
    properties[argument.name] = argument.has_default ? optional_schema(argument.type) : schema(argument.type);
    if (!argument.has_default) required.push_back(argument.name);
  }
  if (properties.empty() && !has_source(route, Source::body)) return nullptr;
  Json object = {{"type", "object"}, {"properties", std::move(properties)}};
  const bool is_required = !required.empty();
  if (is_required) object["required"] = std::move(required);
  return {{"required", is_required}, {"content", {{"application/json", {{"schema", std::move(object)}}}}}};
}

Json problem_reference(std::string_view name) {
  return {{"$ref", "#/components/responses/" + std::string(name)}};
}

Json responses(const Route& route) {
  Json success = {{"description", "Success"}};
  if (route.success_status != 204 && route.returns != Returns::nothing) {
    success["content"] = {{"application/json", {{"schema", Json::object()}}}};
  }
  const int status = route.returns == Returns::nothing ? 204 : route.success_status;
  Json all = {{std::to_string(status), std::move(success)}};
  if (has_source(route, Source::access_token) || has_source(route, Source::api_key)) {
    all["401"] = problem_reference("Unauthorized");
  }
  if (route.reads_body || has_source(route, Source::path)) all["422"] = problem_reference("InvalidInput");
  all["503"] = problem_reference("Unavailable");
  all["default"] = problem_reference("Problem");
  return all;
}

Json operation(const Route& route) {
  Json value = {{"operationId", operation_id(route)}};
  if (!route.summary.empty()) value["summary"] = route.summary;
  if (!route.description.empty()) value["description"] = route.description;
  if (Json list = parameters(route); !list.empty()) value["parameters"] = std::move(list);
  if (Json body = request_body(route); !body.is_null()) value["requestBody"] = std::move(body);
  value["responses"] = responses(route);
  Json security = Json::array();
  if (has_source(route, Source::access_token)) security.push_back({{"bearer", Json::array()}});
  if (has_source(route, Source::api_key)) security.push_back({{"api_key", Json::array()}});
  if (!security.empty()) value["security"] = std::move(security);
  return value;
}

Json problem_response(std::string_view description) {
  return {
      {"description", description},
      {"content", {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
}

Json components() {
  const Json error = {{"type", "object"},
                      {"properties",
                       {{"loc", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                        {"msg", {{"type", "string"}}},
                        {"type", {{"type", "string"}}}}}};
  const Json problem = {{"type", "object"},
                        {"description", "RFC 9457"},
                        {"properties",
                         {{"type", {{"type", "string"}}},
                          {"title", {{"type", "string"}}},
                          {"status", {{"type", "integer"}}},
                          {"detail", {{"type", "string"}}},
                          {"errors", {{"type", "array"}, {"items", error}}}}},
                        {"required", Json::array({"type", "title", "status", "detail"})}};
  return {{"schemas", {{"Problem", problem}}},
          {"responses",
           {{"Unauthorized", problem_response("The credentials are missing or not valid")},
            {"InvalidInput", problem_response("An argument is missing or not valid; `errors` names each")},
            {"Unavailable", problem_response("Try again after the seconds in Retry-After")},
            {"Problem", problem_response("Any other refusal")}}},
          {"securitySchemes",
           {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}},
            {"api_key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}}};
}

}  // namespace

std::string openapi_document(const RouteTable& table, std::string_view version,
                             std::string_view server_path) {
  Json paths = Json::object();
  for (const Route& route : table.routes()) {
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c + ('a' - 'A')); });
    paths[route.pattern][method] = operation(route);
  }
  const Json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Auth API"},
        {"version", version},
        {"license", {{"name", "PostgreSQL License"}, {"identifier", "PostgreSQL"}}}}},
      {"servers",
       Json::array({{{"url", server_path.empty() ? std::string("/") : std::string(server_path)}}})},
      {"paths", std::move(paths)},
      {"components", components()}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gateway

#include "binding.hpp"

#include <algorithm>
#include <map>

#include "framer.hpp"
#include "json_body.hpp"
#include "percent.hpp"
#include "utf8.hpp"

namespace gateway {
namespace {

constexpr std::size_t kMaximumUserAgent = 512;  // bytes kept in sessions and activity

// "application/json", with any parameters (RFC 8259 defines none; clients send charset).
bool is_json_media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return equals_ignoring_case(type, "application/json");
}

// The header fields as a JSON object, without those that carry credentials. Fields of one name are joined by
// a comma (RFC 9110 section 5.3).
std::string headers_as_json(const Request& request) {
  std::map<std::string_view, std::string> fields;
  for (const auto& [name, value] : request.headers) {
    if (name == "authorization" || name == "cookie" || name == "proxy-authorization") continue;
    std::string& field = fields[name];
    if (!field.empty()) field.append(", ");
    field.append(value);
  }
  std::string json = "{";
  for (const auto& [name, value] : fields) {
    if (json.size() > 1) json.push_back(',');
    json.append(json_quote(name)).append(":").append(json_quote(clean_utf8(value, value.size() * 3)));
  }
  return json.append("}");
}

// What a text argument can hold.
bool is_text(std::string_view body) { return is_utf8(body) && body.find('\0') == std::string_view::npos; }

std::string_view api_key(const Request& request) {
  const std::string_view key = request.header("x-api-key");
  return key.data() != nullptr ? key : request.header("x-elevaite-apikey");
}

// Whatever a request offers to arguments that the client fills, read once and only when needed.
class ClientInput {
 public:
  ClientInput(const Route& route, const Request& request) : request_(request) {
    if (route.reads_body && !request.body.empty()) {
      if (!is_json_media_type(request.header("content-type"))) {
        refusal_ = problem(415, "The body must be application/json");
        return;
      }
      read_body();
    }
    if (!refusal_ && route.passes_body && !is_text(request.body))
      refusal_ = malformed("The body is not text");
    if (!refusal_ && !request.query.empty()) {
      auto parameters = parse_query(request.query);
      if (parameters) {
        query_ = std::move(*parameters);
      } else {
        refusal_ = problem(400, "The query string has a malformed percent-escape",
                           {{{"query"}, "Malformed percent-escape", "query_invalid"}});
      }
    }
  }

  std::optional<Reply>& refusal() { return refusal_; }
  const JsonValue* member(std::string_view name) const { return body_.find(name); }

  // All values of a parameter, in order.
  std::vector<std::string_view> parameters(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [parameter, value] : query_) {
      if (parameter == name) values.push_back(value);
    }
    return values;
  }

 private:
  void read_body() {
    body_ = JsonBody(request_.body);
    switch (body_.problem()) {
      case JsonBody::Problem::none:
        return;
      case JsonBody::Problem::malformed:
        refusal_ = malformed("The body is not valid JSON");
        return;
      case JsonBody::Problem::duplicate_member:
        refusal_ = malformed("The body has two members of the same name");
        return;
      case JsonBody::Problem::too_deep:
        refusal_ = malformed("The body is nested more than 64 levels deep");
        return;
      case JsonBody::Problem::not_an_object:
        refusal_ = problem(422, "body: Input should be a valid JSON object",
                           {{{"body"}, "Input should be a valid JSON object", "dict_type"}});
        return;
    }
  }

  static Reply malformed(std::string_view reason) {
    return problem(400, reason, {{{"body"}, std::string(reason), "json_invalid"}});
  }

  const Request& request_;
  std::optional<Reply> refusal_;
  JsonBody body_{""};
  QueryParameters query_;
};

// Binds the arguments of one request and gathers every error on the way.
class Binder {
 public:
  Binder(const Route& route, const PathSegments& path, const Request& request, ClientInput& input,
         BoundArguments& arguments)
      : route_(route), path_(path), request_(request), input_(input), arguments_(arguments) {}

  std::optional<Reply> run() {
    for (index_ = 0; index_ < route_.arguments.size(); ++index_) {
      const Argument& argument = route_.arguments[index_];
      if (argument.source == Source::client) {
        bind_from_client(argument);
      } else if (argument.source == Source::path) {
        bind_strings(argument, "path", {path_.all()[argument.segment]});
      } else {
        bind_from_gateway(argument);
      }
    }
    if (errors_.empty()) return std::nullopt;
    const InputError& first = errors_.front();
    std::string detail = first.location.size() > 1 ? first.location[1] : first.location[0];
    detail.append(": ").append(first.message);
    if (errors_.size() > 1) {
      const std::size_t more = errors_.size() - 1;
      detail.append(" (and ")
          .append(std::to_string(more))
          .append(more == 1 ? " more error)" : " more errors)");
    }
    return problem(422, detail, errors_);
  }

 private:
  void bind_from_client(const Argument& argument) {
    if (const JsonValue* value = input_.member(argument.name)) {
      bind_json(argument, *value);
      return;
    }
    const auto values = input_.parameters(argument.name);
    if (!values.empty()) {
      bind_strings(argument, "query", values);
    } else if (!argument.has_default) {
      const bool takes_body = route_.method != "GET" && route_.method != "DELETE";
      fail({takes_body ? "body" : "query", argument.name}, {"missing", "Field required"});
    }
  }

  void bind_json(const Argument& argument, const JsonValue& value) {
    std::string text;
    if (!argument.type.is_array) {
      if (const TypeError error = from_json(argument.type.scalar, value, text)) {
        fail({"body", argument.name}, error);
      } else {
        arguments_.add(index_, text);
      }
      return;
    }
    if (value.kind != JsonValue::Kind::array) {
      fail({"body", argument.name}, {"list_type", "Input should be a valid list"});
      return;
    }
    std::string literal = "{";
    for (std::size_t element = 0; element < value.elements.size(); ++element) {
      if (const TypeError error = from_json(argument.type.scalar, value.elements[element], text)) {
        fail({"body", argument.name, std::to_string(element)}, error);
      } else {
        append_array_element(literal, text);
      }
    }
    arguments_.add(index_, literal.append("}"));
  }

  void bind_strings(const Argument& argument, std::string_view place,
                    const std::vector<std::string_view>& values) {
    const std::string where(place);
    std::string text;
    if (!argument.type.is_array) {
      if (values.size() > 1) {
        fail({where, argument.name}, {"multiple_values", "Input should be given once"});
      } else if (const TypeError error = from_string(argument.type.scalar, values.front(), text)) {
        fail({where, argument.name}, error);
      } else {
        arguments_.add(index_, text);
      }
      return;
    }
    std::string literal = "{";
    for (std::size_t element = 0; element < values.size(); ++element) {
      if (const TypeError error = from_string(argument.type.scalar, values[element], text)) {
        fail({where, argument.name, std::to_string(element)}, error);
      } else {
        append_array_element(literal, text);
      }
    }
    arguments_.add(index_, literal.append("}"));
  }

  void bind_from_gateway(const Argument& argument) {
    switch (argument.source) {
      case Source::access_token:
        return give(argument, bearer_token(request_));
      case Source::api_key: {
        const std::string_view key = api_key(request_);
        return give(argument, is_utf8(key) ? key : std::string_view());  // no key of ours; refused as absent
      }
      case Source::client_ip:
        return give(argument, request_.client_ip);
      case Source::user_agent:
        return give(argument, clean_utf8(request_.header("user-agent"), kMaximumUserAgent));
      case Source::headers:
        return give(argument, headers_as_json(request_));
      case Source::request_id:
        return give(argument, request_.request_id);
      case Source::body:
        return give(argument, request_.body);  // checked before
      case Source::client:
      case Source::path:
      case Source::nowhere:
        return;
    }
  }

  // What the request does not have is the argument's default, or NULL.
  void give(const Argument& argument, std::string_view text) {
    if (!text.empty()) {
      arguments_.add(index_, text);
    } else if (!argument.has_default) {
      arguments_.add_null(index_);
    }
  }

  void fail(std::vector<std::string> location, TypeError error) {
    errors_.push_back({std::move(location), std::string(error.message), std::string(error.type)});
  }

  const Route& route_;
  const PathSegments& path_;
  const Request& request_;
  ClientInput& input_;
  BoundArguments& arguments_;
  std::size_t index_ = 0;
  std::vector<InputError> errors_;
};

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char character : name) {
    if (character == '"') quoted.push_back('"');
    quoted.push_back(character);
  }
  return quoted.append("\"");
}

}  // namespace

void BoundArguments::add(std::size_t argument, std::string_view text) {
  given_ |= std::uint64_t{1} << argument;
  positions_.push_back(texts_.size());
  texts_.append(text).push_back('\0');
}

void BoundArguments::add_null(std::size_t argument) {
  given_ |= std::uint64_t{1} << argument;
  positions_.push_back(kNull);
}

void BoundArguments::append_pointers(std::vector<const char*>& pointers) const {
  for (const std::size_t position : positions_) {
    pointers.push_back(position == kNull ? nullptr : texts_.data() + position);
  }
}

std::optional<Reply> bind(const Route& route, const PathSegments& path, const Request& request,
                          BoundArguments& arguments) {
  ClientInput input(route, request);
  if (input.refusal()) return std::move(input.refusal());
  return Binder(route, path, request, input, arguments).run();
}

std::string call_statement(const Route& route, std::uint64_t given) {
  std::string call = route.function + "(";
  int parameter = 0;
  for (std::size_t index = 0; index < route.arguments.size(); ++index) {
    if ((given >> index & 1) == 0) continue;
    const Argument& argument = route.arguments[index];
    if (parameter > 0) call.append(", ");
    call.append(quote_identifier(argument.name)).append(" => $").append(std::to_string(++parameter));
    call.append("::").append(argument.sql_type);
  }
  call.push_back(')');
  return route.returns == Returns::http_response ? "SELECT status, headers, body FROM " + call
                                                 : "SELECT " + call;
}

std::string_view bearer_token(const Request& request) {
  std::string_view value = request.header("authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() <= kScheme.size() || !equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  value.remove_prefix(std::min(value.find_first_not_of(' ', kScheme.size() - 1), value.size()));
  const std::size_t padding = std::min(value.find('='), value.size());
  const auto is_token_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
  };
  const bool well_formed =
      padding > 0 &&
      std::all_of(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(padding), is_token_character) &&
      value.find_first_not_of('=', padding) == std::string_view::npos;
  return well_formed ? value : std::string_view();
}

}  // namespace gateway

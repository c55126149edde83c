#include "reply.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>

#include "framer.hpp"

namespace gateway {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// IMF-fixdate (RFC 9110 section 5.6.7), formatted once a second a thread.
std::string_view date() {
  thread_local std::time_t formatted_at = 0;
  thread_local std::array<char, 32> text{};
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != formatted_at) {
    std::tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    static_cast<void>(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
    formatted_at = now.tv_sec;
  }
  return text.data();
}

// A field that could end the head early, or begin another one, is a programming error that no client may
// profit from.
bool is_writable(std::string_view name, std::string_view value) {
  constexpr std::string_view breaking("\r\n\0", 3);
  return !name.empty() && name.find_first_of(breaking) == name.npos && name.find(':') == name.npos &&
         value.find_first_of(breaking) == value.npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_writable(name, value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

// RFC 9110 sections 6.4.1 and 8.6: these never have content, nor a Content-Length.
bool has_no_content(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Reply problem(int status, std::string_view detail, const std::vector<InputError>& errors) {
  nlohmann::ordered_json document = {
      {"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"detail", detail}};
  for (const InputError& error : errors) {
    document["errors"].push_back({{"loc", error.location}, {"msg", error.message}, {"type", error.type}});
  }
  Reply reply;
  reply.status = status;
  reply.body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  reply.content_type = "application/problem+json";
  return reply;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 425:
      return "Too Early";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

void append_response(std::string& out, const Reply& reply, std::string_view request_id, bool keep_alive,
                     bool head_only) {
  const bool no_content = has_no_content(reply.status);
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(reply.status));
  out.append(" ").append(reason_phrase(reply.status)).append("\r\nDate: ").append(date()).append("\r\n");
  if (!no_content) {
    if (!reply.content_type.empty()) append_field(out, "Content-Type", reply.content_type);
    out += "Content-Length: ";
    append_number(out, reply.body.size());
    out += "\r\n";
  }
  append_field(out, "X-Request-ID", request_id);
  bool has_cache_control = false;
  for (const auto& [name, value] : reply.headers) {
    append_field(out, name, value);
    has_cache_control = has_cache_control || equals_ignoring_case(name, "cache-control");
  }
  if (!has_cache_control) out += "Cache-Control: no-store\r\n";
  out += "X-Content-Type-Options: nosniff\r\n";
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!no_content && !head_only) out += reply.body;
}

}  // namespace gateway

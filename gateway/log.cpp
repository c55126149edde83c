// Each line is formatted by the thread that logs it; spdlog's background thread only writes. Its queue counts
// entries, not bytes, so a worker hands over one entry a turn, of at most some tens of kilobytes.
#include "log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <charconv>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

namespace gateway {
namespace {

constexpr std::size_t queue_capacity =
    256;  // entries; one is 64 KiB at most (access log) and usually a few hundred bytes
constexpr std::size_t queue_reserve = 16;  // kept free for what is not access log
constexpr std::size_t largest_entry = 65536;

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error", "critical"};

std::atomic<LogLevel> lowest_level = LogLevel::info;
std::atomic<std::uint64_t> dropped_lines = 0;
std::shared_ptr<spdlog::details::thread_pool> background;
std::shared_ptr<spdlog::logger> logger;

// "2026-01-31T12:00:00.123Z"; the part up to the second is formatted once a second a thread.
void append_time(std::string& out) {
  thread_local std::time_t formatted_at = 0;
  thread_local std::array<char, 32> text{};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != formatted_at) {
    std::tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    static_cast<void>(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc));
    formatted_at = now.tv_sec;
  }
  const auto milliseconds = static_cast<int>(now.tv_nsec / 1'000'000);
  out += text.data();
  out += static_cast<char>('0' + milliseconds / 100);
  out += static_cast<char>('0' + milliseconds / 10 % 10);
  out += static_cast<char>('0' + milliseconds % 10);
  out += 'Z';
}

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_text(std::string& out, std::string_view text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// `lines` hold no final line feed: spdlog adds it.
void hand_to_background(std::string_view lines, std::uint64_t count, std::size_t reserve) {
  if (!logger) {
    std::cout.write(lines.data(), static_cast<std::streamsize>(lines.size())) << std::endl;
  } else if (background->queue_size() + reserve >= queue_capacity) {
    dropped_lines += count;
  } else {
    logger->log(spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size()));
  }
}

void write_line(std::string_view level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = R"({"time":")";
  append_time(line);
  line += R"(","level":")";
  line += level;
  line += R"(","message":)";
  append_text(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_text(line, field.name);
    line += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      append_text(line, *text);
    } else {
      append_number(line, std::get<std::int64_t>(field.value));
    }
  }
  line += '}';
  hand_to_background(line, 1, 0);
}

}  // namespace

void start_log(LogLevel level) {
  lowest_level = level;
  background = std::make_shared<spdlog::details::thread_pool>(queue_capacity, 1);
  logger = std::make_shared<spdlog::async_logger>("auth-gateway",
                                                  std::make_shared<spdlog::sinks::stdout_sink_st>(),
                                                  background, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
}

void stop_log() {
  logger.reset();
  background.reset();
}

bool log_enabled(LogLevel level) { return level >= lowest_level.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (log_enabled(level)) write_line(level_names[static_cast<std::size_t>(level)], message, fields);
}

void log_audit(std::initializer_list<LogField> fields) { write_line("audit", "superuser", fields); }

std::uint64_t dropped_log_lines() { return dropped_lines; }

// No field needs escaping: request_id, method and client_ip are of known alphabets, route is the operator's.
void AccessLog::add(const AccessRecord& record) {
  if (!log_enabled(LogLevel::info)) return;
  if (!lines_.empty()) lines_ += '\n';
  lines_ += R"({"time":")";
  append_time(lines_);
  lines_.append(R"(","level":"info","message":"request","request_id":")").append(record.request_id);
  lines_.append(R"(","method":")").append(record.method);
  lines_.append(R"(","route":")").append(record.route).append(R"(","status":)");
  append_number(lines_, record.status);
  lines_ += R"(,"duration_ms":)";
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
  append_number(lines_, microseconds / 1000);
  const auto thousandths = static_cast<int>(microseconds % 1000);
  lines_ += '.';
  lines_ += static_cast<char>('0' + thousandths / 100);
  lines_ += static_cast<char>('0' + thousandths / 10 % 10);
  lines_ += static_cast<char>('0' + thousandths % 10);
  lines_ += R"(,"bytes":)";
  append_number(lines_, record.bytes);
  lines_.append(R"(,"client_ip":")").append(record.client_ip).append("\"}");
  ++count_;
  if (lines_.size() > largest_entry - 1024) hand_over();
}

void AccessLog::hand_over() {
  if (count_ == 0) return;
  hand_to_background(lines_, count_, queue_reserve);
  lines_.clear();
  count_ = 0;
}

}  // namespace gateway

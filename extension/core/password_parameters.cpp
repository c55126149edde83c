#include "core/password_parameters.hpp"

#include <charconv>
#include <stdexcept>

namespace auth {
namespace {

constexpr std::uint32_t kMaximumMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMaximumIterations = 10;
constexpr std::uint32_t kMaximumLanes = 16;  // of hashes made elsewhere; ours have one

// The least memory for a number of passes, in KiB (OWASP ASVS 5.0 Appendix C).
std::uint32_t minimum_memory_kib(std::uint32_t iterations) {
  if (iterations == 1) return 47104;
  if (iterations == 2) return 19456;
  return 12288;
}

// Takes `name` and a number off the front of the text. No leading zeros, so that a spelling is unique.
bool take(std::string_view& text, std::string_view name, std::uint32_t& value) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  if (text.empty() || text.front() == '0') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

PasswordParameters parse_password_parameters(std::string_view text) {
  PasswordParameters parameters;
  if (!take(text, "m=", parameters.memory_kib) || !take(text, ",t=", parameters.iterations) ||
      !take(text, ",p=", parameters.lanes) || !text.empty()) {
    throw std::invalid_argument(
        "Argon2id parameters are written m=<KiB>,t=<passes>,p=1, for example m=19456,t=2,p=1");
  }
  return parameters;
}

void check_password_parameters(const PasswordParameters& parameters) {
  if (parameters.lanes != 1) throw std::invalid_argument("Argon2id parameter p must be 1");
  if (parameters.iterations < 1 || parameters.iterations > kMaximumIterations) {
    throw std::invalid_argument("Argon2id parameter t must be between 1 and " +
                                std::to_string(kMaximumIterations));
  }
  const std::uint32_t minimum = minimum_memory_kib(parameters.iterations);
  if (parameters.memory_kib < minimum || parameters.memory_kib > kMaximumMemoryKib) {
    throw std::invalid_argument("Argon2id parameter m must be between " + std::to_string(minimum) + " and " +
                                std::to_string(kMaximumMemoryKib) + " (KiB) when t is " +
                                std::to_string(parameters.iterations));
  }
}

bool within_ceiling(const PasswordParameters& parameters) {
  return parameters.lanes >= 1 && parameters.lanes <= kMaximumLanes &&
         parameters.iterations <= kMaximumIterations && parameters.memory_kib <= kMaximumMemoryKib;
}

std::string to_string(const PasswordParameters& parameters) {
  return "m=" + std::to_string(parameters.memory_kib) + ",t=" + std::to_string(parameters.iterations) +
         ",p=" + std::to_string(parameters.lanes);
}

}  // namespace auth

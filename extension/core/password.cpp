#include "core/password.hpp"

#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>

#include <cerrno>
#include <new>
#include <optional>

#include "core/unicode.hpp"

namespace auth {
namespace {

// The bytes that are hashed, or why there are none.
SecretBytes prepare(std::string_view password) {
  if (password.empty()) throw InvalidPassword("Password must not be empty");
  // Looked at before the normalisation as well, so that nobody makes us normalise a megabyte.
  if (password.size() > kMaximumPasswordBytes) throw InvalidPassword("Password must not exceed 1024 bytes");
  auto normalized = normalize_nfc(password);
  if (!normalized) throw InvalidPassword("Password is not valid UTF-8");
  // A few characters have an NFC form that is longer than themselves.
  if (normalized->size() > kMaximumPasswordBytes)
    throw InvalidPassword("Password must not exceed 1024 bytes");
  return std::move(*normalized);
}

// The parameters of a PHC string; nothing if it is not Argon2id of version 19 within the ceiling. The floor
// is not asked for here: a hash that a weaker setting once made must still verify, to be made anew.
std::optional<PasswordParameters> parameters_of(std::string_view hash) {
  constexpr std::string_view kPrefix = "$argon2id$v=19$";
  if (!hash.starts_with(kPrefix) || hash.size() >= crypto_pwhash_STRBYTES) return std::nullopt;
  if (hash.find('\0') != std::string_view::npos) return std::nullopt;
  hash.remove_prefix(kPrefix.size());
  const std::size_t end = hash.find('$');
  if (end == std::string_view::npos) return std::nullopt;
  try {
    const PasswordParameters parameters = parse_password_parameters(hash.substr(0, end));
    if (!within_ceiling(parameters)) return std::nullopt;
    return parameters;
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

// libsodium chooses Argon2 code for this processor when it is initialised; until then it runs the slow
// portable one.
void initialize_libsodium() {
  static const bool initialized = sodium_init() >= 0;
  if (!initialized) throw std::runtime_error("libsodium cannot be initialised");
}

const char* as_chars(const SecretBytes& bytes) { return reinterpret_cast<const char*>(bytes.data()); }

}  // namespace

std::string hash_password(std::string_view password, const PasswordParameters& parameters) {
  check_password_parameters(parameters);
  const SecretBytes prepared = prepare(password);
  initialize_libsodium();
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_argon2id_str(hash, as_chars(prepared), prepared.size(), parameters.iterations,
                                 std::size_t{parameters.memory_kib} * 1024) != 0) {
    throw std::bad_alloc();  // the only failure left once the parameters are in range
  }
  return hash;
}

bool verify_password(std::string_view password, std::string_view hash) {
  if (!parameters_of(hash)) return false;
  SecretBytes prepared;
  try {
    prepared = prepare(password);
  } catch (const InvalidPassword&) {
    return false;
  }
  initialize_libsodium();
  const std::string terminated(hash);
  errno = 0;
  if (crypto_pwhash_argon2id_str_verify(terminated.c_str(), as_chars(prepared), prepared.size()) == 0)
    return true;
  if (errno == ENOMEM) throw std::bad_alloc();
  return false;
}

bool hash_is_current(std::string_view hash, const PasswordParameters& parameters) {
  return parameters_of(hash) == parameters;
}

}  // namespace auth

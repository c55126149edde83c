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

// A PHC string taken apart. Salts and hashes of other sizes than libsodium's are not ours.
struct StoredHash {
  PasswordParameters parameters;
  std::array<std::uint8_t, crypto_pwhash_argon2id_SALTBYTES> salt;
  std::array<std::uint8_t, 32> hash;
};

// Takes base64 of exactly the output's size.
bool decode(std::string_view text, std::span<std::uint8_t> output) {
  std::size_t size = 0;
  return sodium_base642bin(output.data(), output.size(), text.data(), text.size(), nullptr, &size, nullptr,
                           sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
         size == output.size();
}

// Nothing if the string is not Argon2id of version 19 within the ceiling. The floor is not asked
// for here: a hash that a weaker setting once made must still verify, to be made anew.
std::optional<StoredHash> parse(std::string_view text) {
  constexpr std::string_view kPrefix = "$argon2id$v=19$";
  constexpr std::uint32_t kLeastMemoryKib = 8;  // a lane (RFC 9106 section 3.1)
  if (!text.starts_with(kPrefix) || text.size() >= crypto_pwhash_argon2id_STRBYTES) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const std::size_t salt = text.find('$');
  const std::size_t hash = text.rfind('$');
  if (salt == hash) return std::nullopt;  // one of them, or none
  StoredHash stored{};
  try {
    stored.parameters = parse_password_parameters(text.substr(0, salt));
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  if (!within_ceiling(stored.parameters) ||
      stored.parameters.memory_kib < kLeastMemoryKib * stored.parameters.lanes ||
      !decode(text.substr(salt + 1, hash - salt - 1), stored.salt) ||
      !decode(text.substr(hash + 1), stored.hash)) {
    return std::nullopt;
  }
  return stored;
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

// Not by crypto_pwhash_argon2id_str_verify(), which calls a password wrong when it could not have the memory:
// the attempt would be counted against its owner. It alone computes several lanes, though, which hashes of
// other systems have (the replaced one's: p=4); there, what is not a mismatch (EINVAL) is want of memory.
bool verify_password(std::string_view password, std::string_view hash) {
  const auto stored = parse(hash);
  if (!stored) return false;
  SecretBytes prepared;
  try {
    prepared = prepare(password);
  } catch (const InvalidPassword&) {
    return false;
  }
  initialize_libsodium();
  if (stored->parameters.lanes != 1) {
    const std::string terminated(hash);
    if (crypto_pwhash_argon2id_str_verify(terminated.c_str(), as_chars(prepared), prepared.size()) == 0) {
      return true;
    }
    if (errno != EINVAL) throw std::bad_alloc();
    return false;
  }
  SecretBytes computed(stored->hash.size());
  if (crypto_pwhash_argon2id(computed.data(), computed.size(), as_chars(prepared), prepared.size(),
                             stored->salt.data(), stored->parameters.iterations,
                             std::size_t{stored->parameters.memory_kib} * 1024,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();  // the only failure left once the parameters are in range
  }
  return sodium_memcmp(computed.data(), stored->hash.data(), computed.size()) == 0;
}

bool hash_is_current(std::string_view hash, const PasswordParameters& parameters) {
  const auto stored = parse(hash);
  return stored && stored->parameters == parameters;
}

}  // namespace auth

#include "core/sealing.hpp"

#include <algorithm>

#include "core/openssl.hpp"
#include "core/random.hpp"

namespace auth {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kHeaderSize = 1 + kNonceSize;

void check_key(ByteView key) {
  if (key.size() != kSealingKeySize) throw std::invalid_argument("a sealing key has 32 bytes");
}

// A context ready for the associated data and the text.
openssl::CipherContext start(ByteView key, const std::uint8_t* nonce, bool encrypt) {
  auto context = openssl::require(openssl::CipherContext(EVP_CIPHER_CTX_new()), "creating a cipher");
  openssl::require(
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce, encrypt ? 1 : 0) == 1,
      "AES-256-GCM");
  return context;
}

// Passes bytes through the cipher; without an output they are associated data.
void update(EVP_CIPHER_CTX* context, std::uint8_t* output, ByteView input) {
  if (input.empty()) return;
  int written = 0;
  openssl::require(
      EVP_CipherUpdate(context, output, &written, input.data(), static_cast<int>(input.size())) == 1,
      "AES-256-GCM");
}

}  // namespace

Bytes seal(ByteView key, ByteView plaintext, ByteView associated_data) {
  check_key(key);
  Bytes sealed(kHeaderSize + plaintext.size() + kTagSize);
  sealed[0] = kVersion;
  fill_random(std::span(sealed).subspan(1, kNonceSize));

  const auto context = start(key, sealed.data() + 1, true);
  update(context.get(), nullptr, associated_data);
  update(context.get(), sealed.data() + kHeaderSize, plaintext);
  int written = 0;
  std::uint8_t* const tag = sealed.data() + kHeaderSize + plaintext.size();
  openssl::require(EVP_CipherFinal_ex(context.get(), tag, &written) == 1 &&
                       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1,
                   "AES-256-GCM");
  return sealed;
}

std::optional<SecretBytes> open(ByteView key, ByteView sealed, ByteView associated_data) {
  check_key(key);
  if (sealed.size() < kHeaderSize + kTagSize || sealed[0] != kVersion) return std::nullopt;
  const ByteView ciphertext = sealed.subspan(kHeaderSize, sealed.size() - kHeaderSize - kTagSize);
  std::array<std::uint8_t, kTagSize> tag{};
  std::ranges::copy(sealed.last(kTagSize), tag.begin());

  const auto context = start(key, sealed.data() + 1, false);
  SecretBytes plaintext(ciphertext.size());
  update(context.get(), nullptr, associated_data);
  update(context.get(), plaintext.data(), ciphertext);
  openssl::require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1,
                   "AES-256-GCM");
  int written = 0;
  std::uint8_t unused[kTagSize];
  if (EVP_CipherFinal_ex(context.get(), unused, &written) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return plaintext;
}

}  // namespace auth

#include "core/sha256.hpp"

#include "core/openssl.hpp"

namespace auth {

Sha256Digest sha256(ByteView data) {
  // Fetched once a process: OpenSSL 3 otherwise searches its providers on every call, which costs more than
  // hashing.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  openssl::require(algorithm != nullptr, "fetching SHA-256");
  thread_local const auto context =
      openssl::require(openssl::DigestContext(EVP_MD_CTX_new()), "creating a digest");

  Sha256Digest digest{};
  openssl::require(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                       EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
                       EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
                   "SHA-256");
  return digest;
}

}  // namespace auth

#include "core/hkdf.hpp"

#include <openssl/core_names.h>

#include "core/openssl.hpp"

namespace auth {
namespace {

OSSL_PARAM octets(const char* name, ByteView bytes) {
  // OpenSSL takes a pointer to non-const for parameters that it only reads.
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size) {
  const auto algorithm =
      openssl::require(openssl::Kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr)), "fetching HKDF");
  const auto context =
      openssl::require(openssl::KdfContext(EVP_KDF_CTX_new(algorithm.get())), "creating HKDF");

  char digest[] = "SHA256";
  std::vector<OSSL_PARAM> parameters{OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                     octets(OSSL_KDF_PARAM_KEY, secret)};
  // OpenSSL takes an empty octet string for an error; left out, both mean the empty string.
  if (!salt.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_SALT, salt));
  if (!info.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_INFO, info));
  parameters.push_back(OSSL_PARAM_construct_end());

  SecretBytes key(size);
  openssl::require(EVP_KDF_derive(context.get(), key.data(), key.size(), parameters.data()) == 1, "HKDF");
  return key;
}

}  // namespace auth

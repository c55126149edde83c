#include "core/key_file.hpp"

#include "key_file_setting.hpp"

#include "bridge.hpp"

namespace auth {
namespace {

constinit char* key_file = nullptr;  // PostgreSQL owns it

[[noreturn]] void refuse(const std::string& reason) {
  throw pg::SqlError(
      ERRCODE_CONFIG_FILE_ERROR, "Access tokens cannot be signed: " + reason,
      "The file is named by the setting auth_api.key_file, which superusers can see.",
      "Make one with: (umask 077; head -c 32 /dev/urandom > FILE), owned by the server's user; then "
      "put auth_api.key_file = 'FILE' into postgresql.conf and SELECT pg_reload_conf().");
}

}  // namespace

void define_key_file_setting() {
  DefineCustomStringVariable("auth_api.key_file", "File with the key under which signing keys are sealed.",
                             "32 bytes or 64 hexadecimal digits; readable by the server's user alone.",
                             &key_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
}

SecretBytes read_key_file() {
  if (key_file == nullptr || *key_file == '\0') refuse("no key file is set");
  try {
    return read_key_file(std::string(key_file));
  } catch (const KeyFileError& error) {
    refuse(error.what());
  }
}

}  // namespace auth

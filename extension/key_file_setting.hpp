// The setting auth_api.key_file and the key in the file that it names.
#pragma once

#include "core/bytes.hpp"

namespace auth {

// Defines the setting: only a superuser may change or see it. For _PG_init.
void define_key_file_setting();

// The 32 bytes of the key file, read anew each time: it is needed once a signing key and server process.
// Throws pg::SqlError F0000 (config_file_error) that says what is wrong but not where the file is.
SecretBytes read_key_file();

}  // namespace auth

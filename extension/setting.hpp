// The extension's settings, as auth.setting() in SQL defines them.
#pragma once

#include "values.hpp"

namespace auth {

// The value of a setting, set or default. The default stands in SQL only, so this calls auth.setting();
// without SPI, because a caller who may execute auth.authenticate need not be allowed to execute
// auth.setting.
std::string setting(const char* name);

// A setting that counts something.
std::int64_t integer_setting(const char* name);

}  // namespace auth

// Which of our errors a failure of SQLite is.
#pragma once

#include <string>
#include <string_view>

#include "webhookcore/base/error.h"

namespace webhookcore::sqlite {

// `code` is an extended result code, `system_errno` what the system said below it
// (0 when it was not asked). `message` is SQLite's own text: it names tables and
// columns, never a bound value.
Error make_error(int code, int system_errno, std::string_view message);

// The system's words for an errno.
std::string system_text(int system_errno);

// For what a row holds that no webhookcore ever wrote.
Error damaged(std::string_view what);

}  // namespace webhookcore::sqlite

// A user's own scheme as text, so that an endpoint can be signed for by a process that
// never saw the code which defined it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// "scheme:" and the parts that are not as in an empty scheme. No name is like that.
std::string to_scheme_text(const Scheme& scheme);

bool is_scheme_text(std::string_view text);

// The built-in scheme of that name, or the one that the text stands for.
// ErrorCode::config for neither, also for a text with parts that only a newer version
// knows: to sign without them would be another scheme.
Result<std::shared_ptr<const Scheme>> scheme_of(std::string_view name_or_text);

}  // namespace webhookcore

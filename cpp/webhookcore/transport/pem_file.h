// Reading of small files whose content may be a key.
#pragma once

#include <optional>
#include <string>

#include "webhookcore/base/secret.h"

namespace webhookcore {

// nullopt for what is no regular file, cannot be read or has more than 1 MiB.
std::optional<Secret> read_small_file(const std::string& path);

}  // namespace webhookcore

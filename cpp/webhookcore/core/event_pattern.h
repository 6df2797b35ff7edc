// Which event types a subscription or a handler is for. Pure.
#pragma once

#include <string_view>

namespace webhookcore {

// `*` stands for any run of characters, dots and the empty run included, so that
// "order.*" takes "order.created" and "order.item.added" but not "order"; every
// other character stands for itself. At most pattern times type steps, never
// exponential: patterns come from users.
bool matches_event_pattern(std::string_view pattern, std::string_view type);

}  // namespace webhookcore

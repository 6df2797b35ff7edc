// Which event types a subscription or a handler is for. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace webhookcore {

// `*` stands for any run of characters, dots and the empty run included, so that
// "order.*" takes "order.created" and "order.item.added" but not "order"; every
// other character stands for itself. At most pattern times type steps, never
// exponential: patterns come from users.
bool matches_event_pattern(std::string_view pattern, std::string_view type);

// What an endpoint wants: a type of one of the patterns and, where it has channels, a
// message that names one of them.
struct Subscription {
  std::span<const std::string> patterns;
  std::span<const std::string> channels = {};
};
bool wants(const Subscription& subscription, std::string_view type,
           std::span<const std::string> message_channels);

}  // namespace webhookcore

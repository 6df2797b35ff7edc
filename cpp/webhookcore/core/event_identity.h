// Where a provider's requests have the id and the type of their event, and what marks sameness.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/headers.h"

namespace webhookcore {

struct EventPlace {
  enum class Kind : std::uint8_t { header, body };
  Kind kind = Kind::body;
  std::string name;                      // Of the header, or a dotted path into a JSON body.
  std::optional<std::string> only = {};  // Of a header: any other value counts as none.
};

using EventPlaces = std::vector<EventPlace>;

struct IdentityRules {
  EventPlaces id;    // The first that holds a text wins.
  EventPlaces type;  // The same.
  // What is put behind the type with a dot: at most one.
  EventPlaces suffix = {};
  // What marks sameness where the id alone does not: one text of each group. Empty: the id.
  std::vector<EventPlaces> key = {};
};

struct EventIdentity {
  std::optional<std::string> id;
  std::optional<std::string> type;
  std::optional<std::string> key;  // Absent: an event of its own.
};

// nullopt where a header's text would have to be read as Latin-1, or a key of several parts as
// more than plain text: the caller has a slower way for those.
std::optional<EventIdentity> identify_event(const IdentityRules& rules, std::string_view body,
                                            std::span<const Header> headers);

// Whether JSON writes it as it is.
bool is_plain_text(std::string_view text);

}  // namespace webhookcore

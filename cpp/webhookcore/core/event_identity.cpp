#include "webhookcore/core/event_identity.h"

#include <algorithm>
#include <utility>

namespace webhookcore {

namespace {

using Text = std::optional<std::string>;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void add_paths(const EventPlaces& places, std::vector<std::string_view>& paths) {
  for (const EventPlace& place : places) {
    if (place.kind == EventPlace::Kind::body) paths.push_back(place.name);
  }
}

// The texts of all places of one look into the body, given out in the order of the places.
class Texts {
 public:
  Texts(std::string_view body, std::span<const Header> headers,
        const std::vector<std::string_view>& paths)
      : headers_(headers) {
    if (!paths.empty()) fields_ = find_event_fields(body, paths);
  }

  // The first text of the places that is not empty. All of them are taken, whichever counts.
  Text first_of(const EventPlaces& places) {
    Text first;
    for (const EventPlace& place : places) {
      Text text = place.kind == EventPlace::Kind::body ? std::move(fields_[next_++]) : of(place);
      if (!first && text && !text->empty()) first = std::move(text);
    }
    return first;
  }

  bool all_readable() const { return all_readable_; }

 private:
  Text of(const EventPlace& place) {
    const Header* header = find_header(headers_, place.name).first;
    if (header == nullptr || (place.only && header->value != *place.only)) return std::nullopt;
    if (!header->representable || !is_ascii(header->value)) all_readable_ = false;
    return std::string(header->value);
  }

  std::span<const Header> headers_;
  EventFields fields_;
  std::size_t next_ = 0;
  bool all_readable_ = true;
};

// What Python's json.dumps() writes.
std::string as_json(const std::vector<std::string>& parts) {
  std::string json = "[";
  for (const std::string& part : parts) {
    json += json.size() > 1 ? ", \"" : "\"";
    json += part;
    json += '"';
  }
  return json + "]";
}

// False where it cannot be told here.
bool find_key(const IdentityRules& rules, std::string_view body, std::span<const Header> headers,
              EventIdentity& found) {
  std::vector<std::string_view> paths;
  for (const EventPlaces& group : rules.key) add_paths(group, paths);
  Texts texts(body, headers, paths);
  std::vector<std::string> parts;
  for (const EventPlaces& group : rules.key) {
    parts.push_back(texts.first_of(group).value_or(std::string()));
  }
  if (!texts.all_readable()) return false;
  if (parts.front().empty()) return true;
  if (parts.size() == 1) {
    found.key = std::move(parts.front());
    return true;
  }
  if (!std::all_of(parts.begin(), parts.end(), &is_plain_text)) return false;
  found.key = as_json(parts);
  return true;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

std::optional<EventIdentity> identify_event(const IdentityRules& rules, std::string_view body,
                                            std::span<const Header> headers) {
  std::vector<std::string_view> paths;
  for (const EventPlaces* places : {&rules.id, &rules.type, &rules.suffix}) {
    add_paths(*places, paths);
  }
  Texts texts(body, headers, paths);
  EventIdentity found;
  found.id = texts.first_of(rules.id);
  found.type = texts.first_of(rules.type);
  const Text suffix = texts.first_of(rules.suffix);
  if (!texts.all_readable()) return std::nullopt;
  if (found.type && suffix) *found.type += "." + *suffix;
  if (rules.key.empty()) {
    found.key = found.id;
  } else if (!find_key(rules, body, headers, found)) {
    return std::nullopt;
  }
  return found;
}

}  // namespace webhookcore

#include "webhookcore/core/special/json_edit.h"

#include <algorithm>

#include "webhookcore/base/encoding.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::size_t skip_space(std::string_view json, std::size_t at) {
  return std::min(json.find_first_not_of(kSpace, at), json.size());
}

std::size_t end_of_string(std::string_view json, std::size_t quote) {
  for (std::size_t i = quote + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i + 1;
    }
  }
  return json.size();
}

std::size_t end_of_container(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = end_of_string(json, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return json.size();
}

JsonSpan value_at(std::string_view json, std::size_t at) {
  at = skip_space(json, at);
  if (at == json.size()) return {at, at};
  if (json[at] == '"') return {at, end_of_string(json, at)};
  if (json[at] == '{' || json[at] == '[') return {at, end_of_container(json, at)};
  return {at, std::min(json.find_first_of(" \t\r\n,]}", at), json.size())};
}

// Behind the comma at or after `at`, or nullopt where the container ends.
std::optional<std::size_t> next_element(std::string_view json, JsonSpan container, std::size_t at) {
  at = skip_space(json, at);
  if (at + 1 >= container.end || json[at] != ',') return std::nullopt;
  return at + 1;
}

bool is_empty(std::string_view json, JsonSpan container) {
  return skip_space(json, container.begin + 1) + 1 >= container.end;
}

std::string_view inside_quotes(std::string_view json, JsonSpan text) {
  return json.substr(text.begin + 1, text.end - text.begin - 2);
}

// Takes the next character off the front of a string's inside, its escape resolved;
// nullopt for one that is not ASCII, and so in no name that is looked for.
std::optional<char> take_character(std::string_view& written) {
  constexpr std::string_view kShort = R"("\/bfnrt)";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const char first = written.front();
  written.remove_prefix(1);
  if (first != '\\') return first;
  if (written.starts_with('u')) {
    const auto unit = decode_hex(written.substr(1, 4), HexCase::any);
    if (!unit || unit->size() != 2 || (*unit)[0] != '\0') return std::nullopt;
    written.remove_prefix(5);
    return static_cast<unsigned char>((*unit)[1]) < 0x80 ? std::optional((*unit)[1]) : std::nullopt;
  }
  const std::size_t known = written.empty() ? kShort.npos : kShort.find(written.front());
  if (known == kShort.npos) return std::nullopt;
  written.remove_prefix(1);
  return kMeant[known];
}

bool means(std::string_view written, std::string_view name) {
  while (!written.empty() && !name.empty()) {
    if (take_character(written) != name.front()) return false;
    name.remove_prefix(1);
  }
  return written.empty() && name.empty();
}

}  // namespace

JsonSpan whole_value(std::string_view json) { return value_at(json, 0); }

std::optional<JsonSpan> find_member(std::string_view json, JsonSpan object, std::string_view name) {
  std::optional<JsonSpan> found;
  if (object.begin >= json.size() || json[object.begin] != '{' || is_empty(json, object)) {
    return found;
  }
  std::optional<std::size_t> at = object.begin + 1;
  while (at) {
    const JsonSpan key = value_at(json, *at);
    const std::size_t colon = skip_space(json, key.end);
    if (colon + 1 >= object.end || key.end < key.begin + 2) break;
    const JsonSpan value = value_at(json, colon + 1);
    if (means(inside_quotes(json, key), name)) found = value;
    at = next_element(json, object, value.end);
  }
  return found;
}

std::vector<JsonSpan> find_items(std::string_view json, JsonSpan array) {
  std::vector<JsonSpan> items;
  if (array.begin >= json.size() || json[array.begin] != '[' || is_empty(json, array)) {
    return items;
  }
  std::optional<std::size_t> at = array.begin + 1;
  while (at) {
    items.push_back(value_at(json, *at));
    at = next_element(json, array, items.back().end);
  }
  return items;
}

void set_member(std::string& json, JsonSpan object, std::string_view name, std::string_view value) {
  if (const auto old = find_member(json, object, name)) {
    json.replace(old->begin, old->end - old->begin, value);
    return;
  }
  if (object.end <= object.begin + 1) return;
  std::string member = is_empty(json, object) ? "" : ",";
  member.append(quote_json(name)).append(":").append(value);
  // Behind the last value and before the white space that leads to the brace.
  const std::size_t last = json.find_last_not_of(kSpace, object.end - 2);
  json.insert(last + 1, member);
}

std::string quote_json(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted.append("\\u00").append(encode_hex({&c, 1}));
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace webhookcore::special

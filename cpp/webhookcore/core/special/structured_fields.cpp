#include "webhookcore/core/special/structured_fields.h"

#include <algorithm>

#include "webhookcore/base/encoding.h"

namespace webhookcore::special {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~:/";
  return is_alpha(c) || is_digit(c) || others.find(c) != std::string_view::npos;
}

// Takes texts off the front. Every function is false, or empty, where what it looks for
// is not there; the parse is over then.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char next() const { return at_end() ? '\0' : text_[at_]; }
  std::size_t position() const { return at_; }
  std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }

  bool take(char expected) {
    if (at_end() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  void skip(std::string_view characters) {
    at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
  }

  template <typename Belongs>
  std::string_view take_while(const Belongs& belongs) {
    const std::size_t start = at_;
    while (!at_end() && belongs(text_[at_])) ++at_;
    return since(start);
  }

  std::string_view key() {
    if (!is_lower(next()) && next() != '*') return {};
    return take_while(is_key_char);
  }

  bool value(FieldValue& out) {
    const char first = next();
    if (first == '"') return string(out);
    if (first == ':') return bytes(out);
    if (first == '?') return boolean(out);
    if (first == '-' || is_digit(first)) return number(out);
    if (!is_alpha(first) && first != '*') return false;
    out = {FieldValue::Type::token, std::string(take_while(is_token_char))};
    return true;
  }

  bool parameters(std::vector<FieldParameter>& out) {
    while (take(';')) {
      skip(" ");
      FieldParameter parameter{.name = key(), .value = {}};
      if (parameter.name.empty() || find_parameter(out, parameter.name) != nullptr) return false;
      if (take('=') && !value(parameter.value)) return false;
      out.push_back(std::move(parameter));
      if (out.size() > kMaxFieldEntries) return false;
    }
    return true;
  }

  bool item(FieldItem& out) {
    const std::size_t start = at_;
    if (!value(out.value) || !parameters(out.parameters)) return false;
    out.written = since(start);
    return true;
  }

  bool list(std::vector<FieldItem>& out) {
    while (true) {
      skip(" ");
      if (take(')')) return true;
      FieldItem entry;
      if (!item(entry) || (next() != ' ' && next() != ')')) return false;
      out.push_back(std::move(entry));
      if (out.size() > kMaxFieldEntries) return false;
    }
  }

 private:
  bool number(FieldValue& out) {
    const std::size_t start = at_;
    take('-');
    const std::size_t whole = take_while(is_digit).size();
    out.type = FieldValue::Type::integer;
    bool fits = whole >= 1 && whole <= 15;
    if (take('.')) {
      const std::size_t fraction = take_while(is_digit).size();
      out.type = FieldValue::Type::decimal;
      fits = whole >= 1 && whole <= 12 && fraction >= 1 && fraction <= 3;
    }
    out.text = since(start);
    return fits;
  }

  bool string(FieldValue& out) {
    ++at_;
    out = {FieldValue::Type::string, {}};
    while (!take('"')) {
      if (at_end()) return false;
      if (take('\\') && next() != '"' && next() != '\\') return false;
      const char c = next();
      if (c < 0x20 || c > 0x7E) return false;
      out.text.push_back(c);
      ++at_;
    }
    return true;
  }

  bool bytes(FieldValue& out) {
    ++at_;
    const std::string_view encoded = take_while([](char c) { return c != ':'; });
    auto decoded = decode_base64(encoded);
    if (!take(':') || !decoded) return false;
    out = {FieldValue::Type::bytes, std::move(*decoded)};
    return true;
  }

  bool boolean(FieldValue& out) {
    ++at_;
    if (next() != '0' && next() != '1') return false;
    out = {FieldValue::Type::boolean, std::string(1, next())};
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool read_member(FieldReader& reader, FieldMember& out) {
  out.key = reader.key();
  if (out.key.empty()) return false;
  const bool has_value = reader.take('=');
  const std::size_t start = reader.position();
  out.is_list = has_value && reader.take('(');
  if (out.is_list) {
    if (!reader.list(out.items)) return false;
  } else {
    out.items.emplace_back();
    if (has_value && !reader.value(out.items.front().value)) return false;
  }
  if (!reader.parameters(out.parameters)) return false;
  out.written = reader.since(start);
  return true;
}

}  // namespace

std::optional<std::vector<FieldMember>> parse_dictionary(std::string_view text) {
  FieldReader reader(text);
  std::vector<FieldMember> members;
  reader.skip(" ");
  while (!reader.at_end()) {
    FieldMember member;
    if (!read_member(reader, member) || find_field(members, member.key) != nullptr) {
      return std::nullopt;
    }
    members.push_back(std::move(member));
    if (members.size() > kMaxFieldEntries) return std::nullopt;
    reader.skip(" \t");
    if (reader.at_end()) break;
    if (!reader.take(',')) return std::nullopt;
    reader.skip(" \t");
    if (reader.at_end()) return std::nullopt;  // A comma at the end announces nothing.
  }
  return members;
}

const FieldMember* find_field(const std::vector<FieldMember>& members, std::string_view key) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [key](const FieldMember& member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

const FieldValue* find_parameter(const std::vector<FieldParameter>& parameters,
                                 std::string_view name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(),
                   [name](const FieldParameter& parameter) { return parameter.name == name; });
  return found == parameters.end() ? nullptr : &found->value;
}

std::optional<std::string> quote_field(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E) return std::nullopt;
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace webhookcore::special

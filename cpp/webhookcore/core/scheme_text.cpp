#include "webhookcore/core/scheme_text.h"

#include <optional>
#include <utility>
#include <vector>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/netstring.h"
#include "webhookcore/core/content_template.h"
#include "webhookcore/core/scheme_words.h"

namespace webhookcore {

namespace {

constexpr std::string_view kMark = "scheme:";
// A tolerance of ten years in milliseconds has 12.
constexpr int kMsDigits = 15;

using Texts = std::vector<std::string>;

// ---- Writing -------------------------------------------------------------------------

// Pairs of a word and a text, one after the other.
class Writer {
 public:
  void add(std::string_view word, std::string_view text) {
    append_netstring(out_, word);
    append_netstring(out_, text);
  }
  void add_unless_empty(std::string_view word, std::string_view text) {
    if (!text.empty()) add(word, text);
  }
  void add_flag(std::string_view word, bool flag) {
    if (flag) add(word, "1");
  }
  void add_character(std::string_view word, char character) {
    if (character != '\0') add(word, std::string_view(&character, 1));
  }
  template <typename Enum, std::size_t N>
  void add_word(std::string_view word, const std::array<std::string_view, N>& words, Enum value) {
    add_unless_empty(word, words[static_cast<std::size_t>(value)]);
  }
  std::string text() && { return std::move(out_); }

 private:
  std::string out_{kMark};
};

void write_key(Writer& writer, const KeyRule& key) {
  writer.add_word("key", kKeyForms, key.form);
  writer.add_unless_empty("usual_prefix", key.usual_prefix);
  for (const std::string& prefix : key.prefixes) writer.add("strip", prefix);
  if (key.unprefixed_form) writer.add_word("unprefixed_key", kKeyForms, *key.unprefixed_form);
  writer.add_flag("ed25519_by_prefix", key.ed25519_by_prefix);
}

void write_format(Writer& writer, const SignatureFormat& format) {
  writer.add_word("enc", kEncodings, format.encoding);
  writer.add_unless_empty("prefix", format.prefix);
  writer.add_flag("prefix_optional", !format.prefix_required);
  writer.add_character("items", format.item_separator);
  writer.add_character("kv", format.pair_separator);
  writer.add_flag("spaces", format.space_after_separator);
  writer.add_unless_empty("time_field", format.timestamp_tag);
  writer.add_flag("strict", format.strict_items);
}

void write_lists(Writer& writer, const Scheme& scheme) {
  for (const Version& version : scheme.versions) {
    const auto algorithm = kAlgorithms[static_cast<std::size_t>(version.algorithm)];
    writer.add("version", encode_list({version.tag, std::string(algorithm)}));
  }
  for (const HeaderFamily& family : scheme.families) {
    writer.add("family", encode_list({family.signature, family.timestamp, family.id,
                                      family.numbered ? "1" : ""}));
  }
  for (const Setting& setting : scheme.settings) {
    writer.add("setting", encode_list({setting.name, setting.value}));
  }
  for (const std::string& need : scheme.needs) writer.add("need", need);
}

// ---- Reading -------------------------------------------------------------------------

// False for a text that no writer wrote.
bool read_flag(bool& flag, std::string_view text) {
  flag = true;
  return text == "1";
}

bool read_character(char& character, std::string_view text) {
  if (text.size() != 1) return false;
  character = text.front();
  return true;
}

bool read_text(std::string& into, std::string_view text) {
  into = text;
  return true;
}

template <typename Enum, std::size_t N>
bool read_word(Enum& value, const std::array<std::string_view, N>& words, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] != text) continue;
    value = static_cast<Enum>(i);
    return true;
  }
  return false;
}

std::optional<Texts> read_list(std::string_view text, std::size_t size) {
  auto items = decode_list(text);
  return items && items->size() == size ? items : std::nullopt;
}

bool read_version(Scheme& scheme, std::string_view text) {
  const auto items = read_list(text, 2);
  Algorithm algorithm{};
  if (!items || !read_word(algorithm, kAlgorithms, (*items)[1])) return false;
  scheme.versions.push_back({(*items)[0], algorithm});
  return true;
}

bool read_family(Scheme& scheme, std::string_view text) {
  auto items = read_list(text, 4);
  if (!items) return false;
  scheme.families.push_back({(*items)[0], (*items)[1], (*items)[2], (*items)[3] == "1"});
  return true;
}

bool read_setting(Scheme& scheme, std::string_view text) {
  auto items = read_list(text, 2);
  if (!items) return false;
  scheme.settings.push_back({(*items)[0], (*items)[1]});
  return true;
}

bool read_unprefixed(Scheme& scheme, std::string_view text) {
  KeyForm form{};
  if (!read_word(form, kKeyForms, text)) return false;
  scheme.key.unprefixed_form = form;
  return true;
}

bool read_content(Scheme& scheme, std::string_view text) {
  auto segments = parse_content_template(text);
  if (!segments.ok()) return false;
  scheme.signed_content = std::move(*segments);
  return true;
}

bool read_tolerance(Scheme& scheme, std::string_view text) {
  const auto ms = parse_decimal(text, kMsDigits);
  if (!ms) return false;
  scheme.tolerance = Duration{*ms};
  return true;
}

bool read_optional_prefix(Scheme& scheme, std::string_view text) {
  scheme.format.prefix_required = false;
  return text == "1";
}

struct Part {
  std::string_view word;
  bool (*read)(Scheme& scheme, std::string_view text);
};

constexpr Part kParts[] = {
    {"name", [](Scheme& s, std::string_view t) { return read_text(s.name, t); }},
    {"version", read_version},
    {"key", [](Scheme& s, std::string_view t) { return read_word(s.key.form, kKeyForms, t); }},
    {"usual_prefix",
     [](Scheme& s, std::string_view t) { return read_text(s.key.usual_prefix, t); }},
    {"strip", [](Scheme& s, std::string_view t) { return s.key.prefixes.emplace_back(t), true; }},
    {"unprefixed_key", read_unprefixed},
    {"ed25519_by_prefix",
     [](Scheme& s, std::string_view t) { return read_flag(s.key.ed25519_by_prefix, t); }},
    {"family", read_family},
    {"enc",
     [](Scheme& s, std::string_view t) { return read_word(s.format.encoding, kEncodings, t); }},
    {"prefix", [](Scheme& s, std::string_view t) { return read_text(s.format.prefix, t); }},
    {"prefix_optional", read_optional_prefix},
    {"items",
     [](Scheme& s, std::string_view t) { return read_character(s.format.item_separator, t); }},
    {"kv",
     [](Scheme& s, std::string_view t) { return read_character(s.format.pair_separator, t); }},
    {"spaces",
     [](Scheme& s, std::string_view t) { return read_flag(s.format.space_after_separator, t); }},
    {"time_field",
     [](Scheme& s, std::string_view t) { return read_text(s.format.timestamp_tag, t); }},
    {"strict", [](Scheme& s, std::string_view t) { return read_flag(s.format.strict_items, t); }},
    {"msg", read_content},
    {"timestamp",
     [](Scheme& s, std::string_view t) { return read_word(s.timestamp, kTimestamps, t); }},
    {"tolerance", read_tolerance},
    {"time_json", [](Scheme& s, std::string_view t) { return read_text(s.timestamp_field, t); }},
    {"signs_challenges",
     [](Scheme& s, std::string_view t) { return read_flag(s.signs_challenges, t); }},
    {"special", [](Scheme& s, std::string_view t) { return read_word(s.special, kSpecials, t); }},
    {"setting", read_setting},
    {"need", [](Scheme& s, std::string_view t) { return s.needs.emplace_back(t), true; }},
    {"weaker",
     [](Scheme& s, std::string_view t) { return read_text(s.weaker_signature_header, t); }},
    {"id_header", [](Scheme& s, std::string_view t) { return read_text(s.id_header, t); }},
    {"type_header", [](Scheme& s, std::string_view t) { return read_text(s.type_header, t); }},
    {"type_suffix",
     [](Scheme& s, std::string_view t) { return read_text(s.type_suffix_field, t); }},
};

Error unreadable(const std::string& why) {
  return {ErrorCode::config, "the text of a scheme " + why, "schemes"};
}

Result<void> read_part(Scheme& scheme, std::string_view word, std::string_view text) {
  for (const Part& part : kParts) {
    if (part.word != word) continue;
    if (part.read(scheme, text)) return {};
    return unreadable("has a wrong " + std::string(word));
  }
  return unreadable("has a part that this version does not know: " + std::string(word));
}

Result<Scheme> read_scheme(std::string_view text) {
  const auto items = decode_list(text.substr(kMark.size()));
  if (!items || items->size() % 2 != 0) return unreadable("is damaged");
  Scheme scheme;
  for (std::size_t i = 0; i < items->size(); i += 2) {
    if (auto done = read_part(scheme, (*items)[i], (*items)[i + 1]); !done) return done.error();
  }
  if (auto checked = check_scheme(scheme); !checked) return checked.error();
  return scheme;
}

}  // namespace

std::string to_scheme_text(const Scheme& scheme) {
  Writer writer;
  writer.add_unless_empty("name", scheme.name);
  write_lists(writer, scheme);
  write_key(writer, scheme.key);
  write_format(writer, scheme.format);
  writer.add_unless_empty("msg", to_content_template(scheme.signed_content));
  writer.add_word("timestamp", kTimestamps, scheme.timestamp);
  writer.add("tolerance", std::to_string(scheme.tolerance.count()));
  writer.add_unless_empty("time_json", scheme.timestamp_field);
  writer.add_flag("signs_challenges", scheme.signs_challenges);
  writer.add_word("special", kSpecials, scheme.special);
  writer.add_unless_empty("weaker", scheme.weaker_signature_header);
  writer.add_unless_empty("id_header", scheme.id_header);
  writer.add_unless_empty("type_header", scheme.type_header);
  writer.add_unless_empty("type_suffix", scheme.type_suffix_field);
  return std::move(writer).text();
}

bool is_scheme_text(std::string_view text) { return text.substr(0, kMark.size()) == kMark; }

Result<std::shared_ptr<const Scheme>> scheme_of(std::string_view name_or_text) {
  if (is_scheme_text(name_or_text)) {
    auto scheme = read_scheme(name_or_text);
    if (!scheme.ok()) return scheme.error();
    return std::shared_ptr<const Scheme>(std::make_shared<Scheme>(std::move(*scheme)));
  }
  if (auto built_in = find_scheme(name_or_text)) return built_in;
  return Error{ErrorCode::config, "no scheme of the name " + std::string(name_or_text), "schemes"};
}

}  // namespace webhookcore

#include "webhookcore/bindings/scheme_convert.h"

#include <pybind11/stl.h>

#include <array>
#include <string>
#include <utility>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/content_template.h"
#include "webhookcore/core/scheme_words.h"

namespace webhookcore {

namespace {

template <typename Enum, std::size_t N>
std::string name_of(const std::array<std::string_view, N>& names, Enum value) {
  return std::string(names[static_cast<std::size_t>(value)]);
}

template <typename Enum, std::size_t N>
Enum value_of(const std::array<std::string_view, N>& names, const std::string& text,
              const char* field) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  std::string known;
  for (const std::string_view name : names) {
    if (!name.empty()) known.append(known.empty() ? "" : ", ").append(name);
  }
  raise({ErrorCode::config, "must be one of " + known, field});
}

// Of a separator: no character, or one.
std::string text_of(char separator) { return separator == '\0' ? "" : std::string(1, separator); }

char separator_in(const py::dict& fields, const char* name) {
  const auto text = fields[name].cast<std::string>();
  if (text.size() > 1) raise({ErrorCode::config, "must be one ASCII character", name});
  return text.empty() ? '\0' : text.front();
}

py::list family_rows(const Scheme& scheme) {
  py::list rows;
  for (const HeaderFamily& family : scheme.families) {
    rows.append(py::make_tuple(family.signature, family.timestamp, family.id, family.numbered));
  }
  return rows;
}

std::vector<HeaderFamily> families_in(const py::dict& fields) {
  std::vector<HeaderFamily> families;
  using Row = std::tuple<std::string, std::string, std::string, bool>;
  for (auto& [signature, timestamp, id, numbered] : fields["families"].cast<std::vector<Row>>()) {
    families.push_back({signature, timestamp, id, numbered});
  }
  return families;
}

py::list version_rows(const Scheme& scheme) {
  py::list rows;
  for (const Version& version : scheme.versions) {
    rows.append(py::make_tuple(version.tag, name_of(kAlgorithms, version.algorithm)));
  }
  return rows;
}

std::vector<Version> versions_in(const py::dict& fields) {
  std::vector<Version> versions;
  using Row = std::pair<std::string, std::string>;
  for (const auto& [tag, algorithm] : fields["versions"].cast<std::vector<Row>>()) {
    versions.push_back({tag, value_of<Algorithm>(kAlgorithms, algorithm, "alg")});
  }
  return versions;
}

KeyRule key_in(const py::dict& fields) {
  KeyRule key{.form = value_of<KeyForm>(kKeyForms, fields["key"].cast<std::string>(), "key"),
              .usual_prefix = fields["usual_prefix"].cast<std::string>(),
              .prefixes = fields["strip"].cast<std::vector<std::string>>(),
              .ed25519_by_prefix = fields["ed25519_by_prefix"].cast<bool>()};
  const auto unprefixed = fields["unprefixed_key"].cast<std::string>();
  if (!unprefixed.empty()) {
    key.unprefixed_form = value_of<KeyForm>(kKeyForms, unprefixed, "unprefixed_key");
  }
  return key;
}

SignatureFormat format_in(const py::dict& fields) {
  return {
      .encoding = value_of<SignatureEncoding>(kEncodings, fields["enc"].cast<std::string>(), "enc"),
      .prefix = fields["prefix"].cast<std::string>(),
      .prefix_required = fields["prefix_required"].cast<bool>(),
      .item_separator = separator_in(fields, "items"),
      .pair_separator = separator_in(fields, "kv"),
      .space_after_separator = fields["spaces"].cast<bool>(),
      .timestamp_tag = fields["time_field"].cast<std::string>(),
      .strict_items = fields["strict"].cast<bool>()};
}

py::dict settings_dict(const Scheme& scheme) {
  py::dict settings;
  for (const Setting& setting : scheme.settings) settings[py::str(setting.name)] = setting.value;
  return settings;
}

std::vector<Setting> settings_in(const py::dict& fields) {
  std::vector<Setting> settings;
  for (const auto& [name, value] : fields["settings"].cast<py::dict>()) {
    settings.push_back({name.cast<std::string>(), value.cast<std::string>()});
  }
  return settings;
}

}  // namespace

py::dict to_dict(const Scheme& scheme) {
  py::dict fields;
  fields["name"] = scheme.name;
  fields["versions"] = version_rows(scheme);
  fields["key"] = name_of(kKeyForms, scheme.key.form);
  fields["usual_prefix"] = scheme.key.usual_prefix;
  fields["strip"] = scheme.key.prefixes;
  fields["unprefixed_key"] =
      scheme.key.unprefixed_form ? name_of(kKeyForms, *scheme.key.unprefixed_form) : "";
  fields["ed25519_by_prefix"] = scheme.key.ed25519_by_prefix;
  fields["families"] = family_rows(scheme);
  fields["enc"] = name_of(kEncodings, scheme.format.encoding);
  fields["prefix"] = scheme.format.prefix;
  fields["prefix_required"] = scheme.format.prefix_required;
  fields["items"] = text_of(scheme.format.item_separator);
  fields["kv"] = text_of(scheme.format.pair_separator);
  fields["spaces"] = scheme.format.space_after_separator;
  fields["time_field"] = scheme.format.timestamp_tag;
  fields["strict"] = scheme.format.strict_items;
  fields["msg"] = to_content_template(scheme.signed_content);
  fields["timestamp"] = name_of(kTimestamps, scheme.timestamp);
  fields["time_json"] = scheme.timestamp_field;
  fields["tolerance"] = static_cast<double>(scheme.tolerance.count()) / 1000.0;
  fields["signs_challenges"] = scheme.signs_challenges;
  fields["special"] = name_of(kSpecials, scheme.special);
  fields["settings"] = settings_dict(scheme);
  fields["needs"] = scheme.needs;
  fields["weaker"] = scheme.weaker_signature_header;
  fields["id_header"] = scheme.id_header;
  fields["type_header"] = scheme.type_header;
  fields["type_suffix"] = scheme.type_suffix_field;
  return fields;
}

Scheme scheme_from_dict(const py::dict& fields) {
  Scheme scheme{
      .name = fields["name"].cast<std::string>(),
      .versions = versions_in(fields),
      .key = key_in(fields),
      .families = families_in(fields),
      .format = format_in(fields),
      .signed_content = unwrap(parse_content_template(fields["msg"].cast<std::string>())),
      .timestamp = value_of<TimestampForm>(kTimestamps, fields["timestamp"].cast<std::string>(),
                                           "timestamp"),
      .tolerance = Duration{unwrap(seconds_to_ms(fields["tolerance"].cast<double>(), "tolerance"))},
      .timestamp_field = fields["time_json"].cast<std::string>(),
      .signs_challenges = fields["signs_challenges"].cast<bool>(),
      .special =
          value_of<SpecialContent>(kSpecials, fields["special"].cast<std::string>(), "special"),
      .settings = settings_in(fields),
      .needs = fields["needs"].cast<std::vector<std::string>>(),
      .weaker_signature_header = fields["weaker"].cast<std::string>(),
      .id_header = fields["id_header"].cast<std::string>(),
      .type_header = fields["type_header"].cast<std::string>(),
      .type_suffix_field = fields["type_suffix"].cast<std::string>()};
  unwrap(check_scheme(scheme));
  return scheme;
}

}  // namespace webhookcore

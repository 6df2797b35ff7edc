#include "webhookcore/core/event_fields.h"

#include <simdjson.h>

#include <cstring>

#include "webhookcore/core/json_numbers.h"

namespace webhookcore {
namespace {

namespace dom = simdjson::dom;

// A larger document is parsed all the same, but its memory is given back.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

// simdjson reads past the end of its input, up to SIMDJSON_PADDING bytes, so the
// body is copied into a buffer that has them. Both stay with the thread: a
// parser of its own for every body would allocate twice the body's size.
class Reader {
 public:
  // SUCCESS: the body is one JSON object, `object`, which lives until the next call.
  simdjson::error_code read(std::string_view body, dom::object& object) {
    buffer_.resize(body.size() + simdjson::SIMDJSON_PADDING);
    if (!body.empty()) std::memcpy(buffer_.data(), body.data(), body.size());
    return parser_.parse(buffer_.data(), body.size(), /*realloc_if_needed=*/false).get(object);
  }

  void forget_large_document() {
    if (buffer_.size() <= kKeptBytes) return;
    std::string().swap(buffer_);
    parser_ = dom::parser();
  }

 private:
  dom::parser parser_;
  std::string buffer_;
};

// A repeated key means its last value, as in Python's json, so that the id we
// read is the one that a handler sees.
std::optional<dom::element> last_value_of(const dom::object& object, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto field : object) {
    if (field.key == key) found = field.value;
  }
  return found;
}

std::optional<dom::element> follow(dom::object object, std::string_view path) {
  while (true) {
    const std::size_t dot = path.find('.');
    const auto value = last_value_of(object, path.substr(0, dot));
    if (!value || dot == std::string_view::npos) return value;
    if (value->get(object) != simdjson::SUCCESS) return std::nullopt;
    path.remove_prefix(dot + 1);
  }
}

// What is neither a number of 64 bits nor anything else that has a text gives nullopt.
std::optional<std::string> as_text(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return std::string(std::string_view(value));
    case dom::element_type::INT64:
      return std::to_string(std::int64_t(value));
    case dom::element_type::UINT64:
      return std::to_string(std::uint64_t(value));
    case dom::element_type::BOOL:
      return bool(value) ? "true" : "false";
    default:
      return std::nullopt;
  }
}

using Paths = std::span<const std::string_view>;

// nullopt when there is a number whose text the parser does not keep.
std::optional<EventFields> fields_of(Reader& reader, std::string_view body, Paths paths) {
  EventFields values(paths.size());
  dom::object object;
  const auto error = reader.read(body, object);
  // A number that is too large has a code of its own, which differs between releases.
  if (error == simdjson::TAPE_ERROR || error == simdjson::INCORRECT_TYPE) return values;
  if (error != simdjson::SUCCESS) return std::nullopt;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto value = follow(object, paths[i]);
    if (!value) continue;
    if (value->type() == dom::element_type::DOUBLE) return std::nullopt;
    values[i] = as_text(*value);
  }
  return values;
}

// The same of a body whose numbers stand in a list, each as it was written.
EventFields fields_of(Reader& reader, const NumberedJson& body, Paths paths) {
  EventFields values(paths.size());
  dom::object object;
  if (reader.read(body.json, object) != simdjson::SUCCESS) return values;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto value = follow(object, paths[i]);
    if (!value) continue;
    std::uint64_t place = 0;
    const bool is_number = value->get(place) == simdjson::SUCCESS;
    values[i] = is_number ? std::string(body.numbers[place]) : as_text(*value);
  }
  return values;
}

}  // namespace

EventFields find_event_fields(std::string_view body, std::span<const std::string_view> paths) {
  thread_local Reader reader;
  auto values = fields_of(reader, body, paths);
  if (!values) {
    const auto numbered = take_out_numbers(body);
    values = numbered ? fields_of(reader, *numbered, paths) : EventFields(paths.size());
  }
  reader.forget_large_document();
  return std::move(*values);
}

namespace {

EventFields fields_of(const dom::element& item, std::span<const std::string_view> paths) {
  EventFields fields(paths.size());
  dom::object object;
  if (item.get(object) != simdjson::SUCCESS) return fields;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto value = follow(object, paths[i]);
    if (!value || value->is_null()) continue;
    fields[i] = as_text(*value);
    if (!fields[i]) return {};
  }
  return fields;
}

// Calls `look` with the object, where there is one; its answer is false without.
template <typename Look>
bool look_into(std::string_view body, const Look& look) {
  thread_local Reader reader;
  dom::object object;
  const bool found = reader.read(body, object) == simdjson::SUCCESS && look(object);
  reader.forget_large_document();
  return found;
}

}  // namespace

std::optional<EventFields> find_text_fields(std::string_view body,
                                            std::span<const std::string_view> names) {
  EventFields texts(names.size());
  const bool all_texts = look_into(body, [&](const dom::object& object) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto value = last_value_of(object, names[i]);
      if (!value || value->is_null()) continue;
      if (!value->is_string()) return false;
      texts[i] = std::string(std::string_view(*value));
    }
    return true;
  });
  if (!all_texts) return std::nullopt;
  return texts;
}

std::optional<std::string> first_other_member(std::string_view body, std::string_view beside) {
  std::optional<std::string> found;
  look_into(body, [&](const dom::object& object) {
    for (const auto field : object) {
      if (field.key == beside) continue;
      found = std::string(field.key);
      break;
    }
    return found.has_value();
  });
  return found;
}

bool is_json_object(std::string_view body) {
  return look_into(body, [](const dom::object&) { return true; });
}

bool has_event_field(std::string_view body, std::string_view path) {
  return look_into(body,
                   [path](const dom::object& object) { return follow(object, path).has_value(); });
}

std::optional<std::vector<EventFields>> find_in_items(std::string_view body,
                                                      std::string_view array_path,
                                                      std::span<const std::string_view> item_paths,
                                                      std::size_t limit) {
  std::vector<EventFields> all;
  const bool found = look_into(body, [&](const dom::object& object) {
    const auto value = follow(object, array_path);
    dom::array items;
    if (!value || value->get(items) != simdjson::SUCCESS) return false;
    for (const dom::element item : items) {
      if (all.size() == limit) break;
      all.push_back(fields_of(item, item_paths));
    }
    return true;
  });
  if (!found) return std::nullopt;
  return all;
}

}  // namespace webhookcore

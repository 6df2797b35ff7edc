#include "webhookcore/core/event_fields.h"

#include <simdjson.h>

#include <cstring>

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
  // nullopt unless the body is one JSON object. It lives until the next call.
  std::optional<dom::object> read(std::string_view body) {
    buffer_.resize(body.size() + simdjson::SIMDJSON_PADDING);
    if (!body.empty()) std::memcpy(buffer_.data(), body.data(), body.size());
    dom::object object;
    const bool failed =
        parser_.parse(buffer_.data(), body.size(), /*realloc_if_needed=*/false).get(object) !=
        simdjson::SUCCESS;
    if (failed) return std::nullopt;
    return object;
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

std::optional<std::string> follow(dom::object object, std::string_view path) {
  while (true) {
    const std::size_t dot = path.find('.');
    const auto value = last_value_of(object, path.substr(0, dot));
    if (!value) return std::nullopt;
    if (dot == std::string_view::npos) return as_text(*value);
    if (value->get(object) != simdjson::SUCCESS) return std::nullopt;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

std::vector<std::optional<std::string>> find_event_fields(std::string_view body,
                                                          std::span<const std::string_view> paths) {
  thread_local Reader reader;
  std::vector<std::optional<std::string>> values(paths.size());
  if (const auto object = reader.read(body)) {
    for (std::size_t i = 0; i < paths.size(); ++i) values[i] = follow(*object, paths[i]);
  }
  reader.forget_large_document();
  return values;
}

}  // namespace webhookcore

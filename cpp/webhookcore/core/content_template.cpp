#include "webhookcore/core/content_template.h"

#include <algorithm>
#include <string>
#include <utility>

namespace webhookcore {
namespace {

using Kind = Segment::Kind;

constexpr std::pair<std::string_view, Kind> kParts[] = {{"body", Kind::body},
                                                        {"id", Kind::id},
                                                        {"timestamp", Kind::timestamp},
                                                        {"url", Kind::url},
                                                        {"decoded_url", Kind::decoded_url},
                                                        {"method", Kind::method},
                                                        {"body_sha256", Kind::body_sha256},
                                                        {"body_crc32", Kind::body_crc32}};
constexpr std::pair<std::string_view, Kind> kNamed[] = {{"header:", Kind::header},
                                                        {"setting:", Kind::setting}};

Result<Segment> parse_part(std::string_view part) {
  for (const auto& [name, kind] : kParts) {
    if (part == name) return Segment{kind};
  }
  for (const auto& [prefix, kind] : kNamed) {
    if (part.starts_with(prefix)) return Segment{kind, std::string(part.substr(prefix.size()))};
  }
  return Error{ErrorCode::config, "there is no part {" + std::string(part) + "}", "msg"};
}

void add_literal(std::vector<Segment>& segments, std::string_view text) {
  if (segments.empty() || segments.back().kind != Kind::literal) {
    segments.push_back({Kind::literal});
  }
  segments.back().text.append(text);
}

}  // namespace

Result<std::vector<Segment>> parse_content_template(std::string_view text) {
  std::vector<Segment> segments;
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find_first_of("{}"), text.size());
    if (brace > 0) {
      add_literal(segments, text.substr(0, brace));
      text.remove_prefix(brace);
      continue;
    }
    if (text.starts_with("{{") || text.starts_with("}}")) {
      add_literal(segments, text.substr(0, 1));
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == 0 || end == std::string_view::npos) {
      return Error{ErrorCode::config, "a brace is not closed; {{ and }} stand for braces", "msg"};
    }
    auto part = parse_part(text.substr(1, end - 1));
    if (!part) return part.error();
    segments.push_back(std::move(*part));
    text.remove_prefix(end + 1);
  }
  return segments;
}

std::string to_content_template(const std::vector<Segment>& segments) {
  std::string text;
  for (const Segment& segment : segments) {
    if (segment.kind == Kind::literal) {
      for (const char byte : segment.text) {
        text.append(byte == '{' || byte == '}' ? 2 : 1, byte);
      }
      continue;
    }
    text.push_back('{');
    for (const auto& [name, kind] : kParts) {
      if (kind == segment.kind) text.append(name);
    }
    for (const auto& [prefix, kind] : kNamed) {
      if (kind == segment.kind) text.append(prefix).append(segment.text);
    }
    text.push_back('}');
  }
  return text;
}

}  // namespace webhookcore

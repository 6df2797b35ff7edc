#include "webhookcore/transport/response_reader.h"

#include <algorithm>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

// Longer than any date or number; a longer one says nothing.
constexpr std::size_t max_retry_after_bytes = 128;

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_blanks_around(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// "HTTP/1.1 200 OK" or "HTTP/2 200".
std::optional<int> status_in(std::string_view line) {
  const auto blank = line.find(' ');
  if (!line.starts_with("HTTP/") || blank == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(blank + 1);
  const std::string_view digits = rest.substr(0, rest.find(' '));
  if (digits.size() != 3) return std::nullopt;
  const auto number = parse_decimal(digits, 3);
  if (!number || *number < 100 || *number > 599) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace

bool ResponseReader::take_header_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > max_head_bytes) {
    problem_ = "more than 64 KiB of headers";
    return false;
  }
  if (head_complete_) return true;  // A trailer: counted, never kept.
  line = without_line_end(line);
  if (!status_) return begin_head(line);
  if (line.empty()) return end_head();
  keep(line);
  return true;
}

bool ResponseReader::begin_head(std::string_view line) {
  status_ = status_in(line);
  if (!status_) problem_ = "the status line is not one of HTTP";
  return status_.has_value();
}

bool ResponseReader::end_head() {
  if (*status_ >= 200) {
    head_complete_ = true;
    return true;
  }
  if (*status_ == 101) {  // Never asked for; what follows would not be HTTP.
    problem_ = "the receiver switched protocols";
    return false;
  }
  // An interim response: the final one is still to come.
  status_.reset();
  headers_.clear();
  kept_bytes_ = 0;
  retry_after_kept_ = false;
  return true;
}

void ResponseReader::keep(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon))) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = without_blanks_around(line.substr(colon + 1));
  const bool retry_after = equals_ignoring_case(name, "retry-after");
  const bool fits = kept_bytes_ + name.size() + value.size() <= kept_head_bytes;
  // The engine needs the receiver's wish even behind a wall of other headers.
  const bool needed = retry_after && !retry_after_kept_ && value.size() <= max_retry_after_bytes;
  if (!fits && !needed) return;
  if (fits) kept_bytes_ += name.size() + value.size();
  retry_after_kept_ = retry_after_kept_ || retry_after;
  headers_.push_back({std::string{name}, std::string{value}});
}

bool ResponseReader::take_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  body_.append(bytes.substr(0, limits_.kept - body_.size()));
  return body_bytes_ <= limits_.read;
}

}  // namespace webhookcore

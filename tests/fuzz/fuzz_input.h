// Takes typed pieces off the front of a fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/core/headers.h"

namespace webhookcore::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process, which the fuzzer reports together with its input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::size_t take_number(std::string_view& bytes, std::size_t below) {
  if (bytes.empty()) return 0;
  const std::size_t number = static_cast<unsigned char>(bytes.front()) % below;
  bytes.remove_prefix(1);
  return number;
}

inline std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

// "Name: value" lines up to an empty one.
inline std::vector<Header> take_headers(std::string_view& bytes) {
  std::vector<Header> headers;
  while (!bytes.empty()) {
    const std::string_view line = take_line(bytes);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  return headers;
}

}  // namespace webhookcore::fuzz

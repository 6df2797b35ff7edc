// Request headers as they came: names in any case, order kept, repeats kept,
// values as raw bytes that are never trimmed or joined.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore {

// Views into memory that the caller keeps alive.
struct Header {
  std::string_view name;
  std::string_view value;
  // False for a value that no byte sequence on the wire can have produced (a
  // character above U+00FF in a header dict that somebody built by hand).
  bool representable = true;
};

struct OwnedHeader {
  std::string name;
  std::string value;
};

struct HeaderMatch {
  const Header* first = nullptr;  // Absent: no such header.
  int count = 0;
};

HeaderMatch find_header(std::span<const Header> headers, std::string_view name);

// RFC 9110, section 5.6.2: a non-empty token.
bool is_header_name(std::string_view name);
// No control bytes: libcurl passes CR and LF through, so this is the only guard
// against a second header inside a value (reliability.md 0.9).
bool is_header_value(std::string_view value);

}  // namespace webhookcore

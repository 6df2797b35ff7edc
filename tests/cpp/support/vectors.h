// The rows of tests/vectors/*.jsonl that are about signatures.
#pragma once

#include <simdjson.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/encoding.h"
#include "webhookcore/core/headers.h"

namespace webhookcore::test {

struct VectorHeader {
  std::string name;
  std::string value;  // Latin-1 bytes, as a server gets them.
  bool representable = true;
};

struct SignatureVector {
  std::string scheme;
  std::string name;
  std::vector<VectorHeader> headers;
  std::vector<std::string> secrets;
  std::string body;
  std::string url;
  std::string method = "POST";
  std::int64_t now = 1'700'000'000;
  std::int64_t tolerance = 300;
  std::string expect;
  std::vector<std::string> reasons;
  // What the scheme needs beyond key and headers, numbers as text.
  std::vector<std::pair<std::string, std::string>> extra;

  // Views that live as long as this row.
  std::vector<Header> header_views() const {
    std::vector<Header> views;
    for (const auto& header : headers) {
      views.push_back({header.name, header.value, header.representable});
    }
    return views;
  }
  std::vector<std::string_view> secret_views() const { return {secrets.begin(), secrets.end()}; }
};

// The vectors are JSON and so UTF-8; on the wire a character up to U+00FF is one byte.
inline VectorHeader on_the_wire(std::string_view name, std::string_view utf8) {
  VectorHeader header{std::string(name), {}, true};
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead >= 0xC4) header.representable = false;
    if (lead == 0xC2 || lead == 0xC3) {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      header.value.push_back(static_cast<char>((lead & 3U) << 6 | (next & 63U)));
    } else {
      header.value.push_back(utf8[i]);
    }
  }
  return header;
}

inline std::string text_at(const simdjson::dom::element& row, const char* key) {
  std::string_view text;
  if (row[key].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

inline std::string base64_at(const simdjson::dom::element& row, const char* key) {
  auto bytes = decode_base64(text_at(row, key));
  if (!bytes) throw std::runtime_error("a vector's base64 is unreadable");
  return std::move(*bytes);
}

inline void read_headers(const simdjson::dom::element& row, SignatureVector& out) {
  simdjson::dom::object object;
  if (row["headers"].get(object) == simdjson::SUCCESS) {
    for (const auto field : object) {
      out.headers.push_back(on_the_wire(field.key, std::string_view(field.value)));
    }
    return;
  }
  for (const auto pair : simdjson::dom::array(row["headers"])) {
    out.headers.push_back(on_the_wire(std::string_view(pair.at(0)), std::string_view(pair.at(1))));
  }
}

inline void read_secrets(const simdjson::dom::element& row, SignatureVector& out) {
  const std::string text = base64_at(row, "key_b64");
  if (!text.starts_with('[')) {
    out.secrets.push_back(text);
    return;
  }
  simdjson::dom::parser parser;
  for (const auto secret : simdjson::dom::array(parser.parse(text))) {
    out.secrets.emplace_back(std::string_view(secret));
  }
}

inline void read_extra(const simdjson::dom::element& row, SignatureVector& out) {
  simdjson::dom::object object;
  if (row["extra"].get(object) != simdjson::SUCCESS) return;
  for (const auto field : object) {
    std::string_view text;
    std::int64_t number = 0;
    if (field.value.get(text) == simdjson::SUCCESS) {
      out.extra.emplace_back(field.key, text);
    } else if (field.value.get(number) == simdjson::SUCCESS) {
      out.extra.emplace_back(field.key, std::to_string(number));
    } else if (bool flag = false; field.value.get(flag) == simdjson::SUCCESS) {
      out.extra.emplace_back(field.key, flag ? "true" : "false");
    }
  }
}

inline SignatureVector read_signature_vector(const simdjson::dom::element& row) {
  SignatureVector out;
  out.scheme = text_at(row, "scheme");
  out.expect = text_at(row, "expect");
  out.name = text_at(row, "name");
  if (out.name.empty()) out.name = text_at(row, "reason");
  out.url = text_at(row, "url");
  out.body = base64_at(row, "body_b64");
  if (const auto method = text_at(row, "method"); !method.empty()) out.method = method;
  std::int64_t number = 0;
  double seconds = 0;  // Some rows write a whole number with a point.
  if (row["now"].get(seconds) == simdjson::SUCCESS) out.now = static_cast<std::int64_t>(seconds);
  if (row["tolerance"].get(number) == simdjson::SUCCESS) out.tolerance = number;
  simdjson::dom::array reasons;
  if (row["reasons"].get(reasons) == simdjson::SUCCESS) {
    for (const auto reason : reasons) out.reasons.emplace_back(std::string_view(reason));
  }
  read_headers(row, out);
  read_secrets(row, out);
  read_extra(row, out);
  return out;
}

inline std::vector<SignatureVector> read_signature_vectors(const std::string& file_name) {
  std::ifstream file(std::string(WEBHOOKCORE_TEST_VECTORS) + "/" + file_name);
  if (!file) throw std::runtime_error("no such vectors: " + file_name);
  std::vector<SignatureVector> rows;
  simdjson::dom::parser parser;
  for (std::string line; std::getline(file, line);) {
    rows.push_back(read_signature_vector(parser.parse(line)));
  }
  return rows;
}

}  // namespace webhookcore::test

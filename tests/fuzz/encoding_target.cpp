// Texts that decode have one spelling: what is decoded and written again is the same text.
#include <array>

#include "fuzz_input.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  if (const auto bytes = decode_hex(text)) require(encode_hex(*bytes) == text);
  if (const auto bytes = decode_base64(text)) require(encode_base64(*bytes) == text);
  if (const auto bytes = decode_base64url(text)) require(encode_base64url(*bytes) == text);
  (void)decode_base64(text, Padding::optional);
  // Exactly as large as it claims: a byte too many is the sanitizer's to find.
  std::array<char, 20> small{};
  const auto written = decode_base64_into(small, text);
  require(!written || *written <= small.size());
  const auto from_hex = decode_hex_into(small, text);
  require(!from_hex || *from_hex <= small.size());
  return 0;
}

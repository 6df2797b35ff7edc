#include "webhookcore/base/pem.h"

#include <utility>

#include "webhookcore/base/encoding.h"

namespace webhookcore {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";

Error refused(const char* detail) { return {ErrorCode::config, detail}; }

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kWhiteSpace) == std::string_view::npos;
}

Result<Secret> decode_body(std::string_view body) {
  if (body.find(':') != std::string_view::npos) {
    return refused("the PEM block has header lines; an encrypted key has to be decrypted first");
  }
  std::string digits;
  digits.reserve(body.size());  // Never moved while it grows: a copy left behind is not wiped.
  for (const char c : body) {
    if (kWhiteSpace.find(c) == std::string_view::npos) digits.push_back(c);
  }
  auto bytes = decode_base64(digits);
  wipe(digits);
  if (!bytes || bytes->empty()) return refused("the PEM block does not hold base64");
  Secret der(*bytes);
  wipe(*bytes);
  return der;
}

// Takes the block at the front of `text`, which starts with kBegin.
Result<PemBlock> take_block(std::string_view& text) {
  text.remove_prefix(kBegin.size());
  const std::size_t label_end = text.find(kDashes);
  if (label_end == std::string_view::npos) return refused("the PEM block's first line is cut off");
  std::string label(text.substr(0, label_end));
  text.remove_prefix(label_end + kDashes.size());

  const std::string footer = "-----END " + label + "-----";
  const std::size_t body_end = text.find(footer);
  if (body_end == std::string_view::npos) {
    return refused("the PEM block's last line is missing, or does not name what the first does");
  }
  auto der = decode_body(text.substr(0, body_end));
  if (!der) return der.error();
  text.remove_prefix(body_end + footer.size());
  return PemBlock{std::move(label), std::move(*der)};
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view text) {
  std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return refused("the text holds no PEM block");
  std::vector<PemBlock> blocks;
  do {
    text.remove_prefix(begin);
    auto block = take_block(text);
    if (!block) return block.error();
    blocks.push_back(std::move(*block));
    begin = text.find(kBegin);
    if (!is_blank(text.substr(0, begin))) return refused("there is text after the PEM block");
  } while (begin != std::string_view::npos);
  return blocks;
}

}  // namespace webhookcore

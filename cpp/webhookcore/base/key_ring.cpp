#include "webhookcore/base/key_ring.h"

#include <algorithm>
#include <array>
#include <optional>

#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"

namespace webhookcore {

namespace {

// A sealed text: this byte, the length of the key's id, the id, the nonce, ciphertext and
// tag. Plain texts are netstrings, which begin with a digit or are empty.
constexpr char kMark = '\x01';
constexpr std::size_t kLongestId = 32;
constexpr std::size_t kMostKeys = 16;
// Of the hash of a key without an id: enough to tell keys apart, of no use for guessing one.
constexpr std::size_t kHashedIdBytes = 4;

struct Parts {
  std::string_view id;
  std::string_view nonce;
  std::string_view sealed;
};

std::optional<Parts> split(std::string_view stored) {
  if (stored.size() < 2 || stored.front() != kMark) return std::nullopt;
  const auto id_size = static_cast<unsigned char>(stored[1]);
  if (stored.size() < 2U + id_size + kSealNonceBytes + kSealTagBytes) return std::nullopt;
  return Parts{stored.substr(2, id_size), stored.substr(2U + id_size, kSealNonceBytes),
               stored.substr(2U + id_size + kSealNonceBytes)};
}

bool is_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= kLongestId &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string id_of_hash(std::string_view key) {
  const std::array pieces{key};
  return "k" + encode_hex(digest(Hash::sha256, pieces).view().substr(0, kHashedIdBytes));
}

Error refuse(std::string why) {
  return {ErrorCode::config, std::move(why), "WEBHOOKCORE_ENCRYPTION_KEY"};
}

Result<std::pair<std::string, SealKey>> parse_item(std::string_view item) {
  const auto colon = item.find(':');
  const bool named = colon != std::string_view::npos;
  if (named && !is_id(item.substr(0, colon))) {
    return refuse("the id before a key's colon must be 1 to 32 of A-Z a-z 0-9 _ . -");
  }
  auto bytes = decode_base64(named ? item.substr(colon + 1) : item, Padding::optional);
  if (!bytes) return refuse("a key must be 32 bytes in base64, such as openssl rand -base64 32");
  auto key = SealKey::create(*bytes);
  std::string id = named ? std::string(item.substr(0, colon)) : id_of_hash(*bytes);
  wipe(*bytes);
  if (!key) return refuse(key.error().detail);
  return std::pair(std::move(id), std::move(*key));
}

}  // namespace

Result<KeyRing> KeyRing::parse(std::string_view text) {
  KeyRing ring;
  while (true) {
    const auto comma = text.find(',');
    auto item = parse_item(trimmed(text.substr(0, comma)));
    if (!item) return item.error();
    if (ring.find(item->first) != nullptr) return refuse("two keys have the id " + item->first);
    if (ring.keys_.size() == kMostKeys) return refuse("at most 16 keys");
    ring.keys_.push_back(std::move(*item));
    if (comma == std::string_view::npos) return ring;
    text.remove_prefix(comma + 1);
  }
}

const SealKey* KeyRing::find(std::string_view id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const auto& entry) { return entry.first == id; });
  return found == keys_.end() ? nullptr : &found->second;
}

std::string KeyRing::seal(std::string_view text, std::string_view bound_to, Random& random) const {
  if (keys_.empty()) return std::string(text);
  const auto& [id, key] = keys_.front();
  const std::string nonce = random.bytes(kSealNonceBytes);
  return std::string(1, kMark) + static_cast<char>(id.size()) + id + nonce +
         key.seal(text, bound_to, nonce);
}

Result<std::string> KeyRing::open(std::string_view stored, std::string_view bound_to) const {
  if (stored.empty() || stored.front() != kMark) return std::string(stored);
  const auto parts = split(stored);
  if (!parts) return Error{ErrorCode::store_corrupt, "a sealed text is cut off"};
  const SealKey* const key = find(parts->id);
  if (key == nullptr) {
    return Error{ErrorCode::wrong_store_key,
                 "sealed with the key \"" + std::string(parts->id) + "\", which is not given"};
  }
  auto text = key->open(parts->sealed, bound_to, parts->nonce);
  if (text) return std::move(*text);
  return Error{ErrorCode::store_corrupt,
               "a sealed text does not open: it was changed, or moved from another row"};
}

bool KeyRing::should_reseal(std::string_view stored) const {
  return !keys_.empty() && !stored.empty() && seal_id_of(stored) != sealing_id();
}

std::string seal_id_of(std::string_view stored) {
  const auto parts = split(stored);
  return parts ? std::string(parts->id) : std::string();
}

}  // namespace webhookcore

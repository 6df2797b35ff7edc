#include "webhookcore/base/id.h"

#include <array>
#include <cstdint>

namespace webhookcore {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string make_id(std::string_view prefix, TimePoint now, Random& random) {
  // 48 bits of time, then 80 random bits, big-endian: 128 bits in 26 digits of
  // five, so that the first digit holds the three bits left over.
  std::array<std::uint8_t, 16> ulid{};
  random.fill(std::span(ulid).subspan(6));
  const auto ms = static_cast<std::uint64_t>(to_unix_ms(now));
  for (std::size_t i = 0; i < 6; ++i) ulid[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));

  std::string id(prefix);
  id.reserve(prefix.size() + 26);
  std::uint32_t held = 0;
  int held_bits = 2;  // 130 - 128: two zero bits stand in front.
  for (const std::uint8_t byte : ulid) {
    held = held << 8 | byte;
    held_bits += 8;
    while (held_bits >= 5) {
      held_bits -= 5;
      id.push_back(kCrockford[held >> held_bits & 31]);
    }
  }
  return id;
}

}  // namespace webhookcore

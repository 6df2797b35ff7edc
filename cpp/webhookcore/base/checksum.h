// Checksums find accidents, not attackers: some providers sign one of the body
// in place of the body.
#pragma once

#include <cstdint>
#include <string_view>

namespace webhookcore {

// The CRC-32 of IEEE 802.3, as zlib and PNG compute it: reflected, polynomial
// 0x04C11DB7, all ones before and after.
std::uint32_t crc32(std::string_view bytes);

}  // namespace webhookcore

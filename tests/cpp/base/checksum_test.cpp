#include "webhookcore/base/checksum.h"

#include <string>

#include "catch.h"

using namespace webhookcore;

TEST_CASE("CRC-32 agrees with the known answers") {
  CHECK(crc32("") == 0);
  CHECK(crc32("123456789") == 0xCBF43926);
  CHECK(crc32("a") == 0xE8B7BE43);
  CHECK(crc32("The quick brown fox jumps over the lazy dog") == 0x414FA339);
  CHECK(crc32(std::string(32, '\0')) == 0x190A55AD);
  CHECK(crc32(std::string(32, '\xFF')) == 0xFF6CAB0B);
}

#include "webhookcore/base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace webhookcore {

std::uint64_t Random::draw() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::string Random::bytes(std::size_t count) {
  std::string out(count, '\0');
  fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got > 0) {
      out = out.subspan(static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      std::abort();
    }
  }
}

// SplitMix64 (Steele, Lea and Flood, 2014), eight bytes a step, high byte first.
void SeededRandom::fill(std::span<std::uint8_t> out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) {
      state_ += 0x9E3779B97F4A7C15U;
      word = state_;
      word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9U;
      word = (word ^ word >> 27) * 0x94D049BB133111EBU;
      word ^= word >> 31;
    }
    out[i] = static_cast<std::uint8_t>(word >> 56);
    word <<= 8;
  }
}

}  // namespace webhookcore

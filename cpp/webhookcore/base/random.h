// Randomness as an argument. Only random.cpp asks the system.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace webhookcore {

// Safe to share between threads.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t draw();                  // Uniform over all of uint64.
  std::string bytes(std::size_t count);  // For keys; wipe it after use.
};

// getrandom(2). It cannot fail on any Linux that runs this; if it does, the
// process ends, because going on with guessable keys would be worse.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// The same sequence for the same seed, on every machine. For tests only: the
// output is guessable. One thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace webhookcore

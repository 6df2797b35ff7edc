#include "webhookcore/base/secret.h"

#include <cstring>
#include <utility>

namespace webhookcore {

void wipe(std::string& bytes) {
  // What was cut off or moved out may still lie behind the end, so the whole
  // capacity is taken; resize() up to it never allocates.
  bytes.resize(bytes.capacity());
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = other.bytes_;
  }
  return *this;
}

// A short string is moved by copying its bytes, so the source is wiped as well.
Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    wipe(other.bytes_);
  }
  return *this;
}

}  // namespace webhookcore

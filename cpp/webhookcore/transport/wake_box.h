// How other threads reach the loop: answers of the resolver, and calls to wake it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "webhookcore/transport/resolver.h"

namespace webhookcore {

// Safe to share between threads. Outlives the loop: after close() everything that
// arrives is dropped.
class WakeBox {
 public:
  using Answer = std::pair<std::uint64_t, Resolution>;  // The transfer's key, and what came.

  explicit WakeBox(CURLM* multi) : multi_(multi) {}

  void answer(std::uint64_t key, Resolution resolution);
  void wake();
  void close();

  std::vector<Answer> take_answers();
  // Whether wake() was called since the last time this was asked.
  bool take_wake();

 private:
  std::mutex mutex_;
  CURLM* multi_;  // Null after close(): the handle may be gone.
  std::vector<Answer> answers_;
  bool woken_ = false;
};

}  // namespace webhookcore

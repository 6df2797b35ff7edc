#include "webhookcore/transport/wake_box.h"

namespace webhookcore {

void WakeBox::answer(std::uint64_t key, Resolution resolution) {
  const std::scoped_lock lock{mutex_};
  if (multi_ == nullptr) return;
  answers_.emplace_back(key, std::move(resolution));
  // Under the lock, so that close() cannot take the handle away meanwhile. It only
  // writes a byte to a socket that never blocks.
  curl_multi_wakeup(multi_);
}

void WakeBox::wake() {
  const std::scoped_lock lock{mutex_};
  if (multi_ == nullptr) return;
  woken_ = true;
  curl_multi_wakeup(multi_);
}

void WakeBox::close() {
  const std::scoped_lock lock{mutex_};
  multi_ = nullptr;
  answers_.clear();
}

std::vector<WakeBox::Answer> WakeBox::take_answers() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(answers_, {});
}

bool WakeBox::take_wake() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(woken_, false);
}

}  // namespace webhookcore

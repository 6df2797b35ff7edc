// A transport whose receiver is a function. It keeps to the rules of transport.h and
// has no socket.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine_tools.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore::testing {

// Shared by the test and every transport that it makes. Safe between threads.
class FakeReceiver {
 public:
  // Absent: the receiver keeps the request open until answer_all().
  using Script = std::function<std::optional<TransferResult>(const HttpAttempt&)>;

  explicit FakeReceiver(Script script) : script_(std::move(script)) {}

  std::vector<HttpAttempt> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  // Blocks until so many requests have come in all.
  void wait_for_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }
  // Blocks until every transport is gone.
  void wait_until_dropped() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return transports_ == 0; });
  }
  // From now on held and new requests are answered so.
  void answer_all(int status) {
    const std::lock_guard lock(mutex_);
    script_ = [status](const HttpAttempt&) { return answer(0, status); };
    for (const TransferId id : held_) ended_.push_back(answer(id, status));
    held_.clear();
    changed_.notify_all();
  }

 private:
  friend class FakeTransport;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  std::vector<HttpAttempt> requests_;
  std::vector<TransferId> held_;
  std::vector<TransferResult> ended_;
  bool woken_ = false;
  int transports_ = 0;
  std::size_t cancelled_ = 0;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<FakeReceiver> receiver) : r_(std::move(receiver)) {
    const std::lock_guard lock(r_->mutex_);
    ++r_->transports_;
  }
  ~FakeTransport() override {
    const std::lock_guard lock(r_->mutex_);
    --r_->transports_;
    r_->changed_.notify_all();
  }

  void start(TransferId id, HttpAttempt attempt) override {
    const std::lock_guard lock(r_->mutex_);
    auto result = r_->script_(attempt);
    r_->requests_.push_back(std::move(attempt));
    if (result) {
      result->id = id;
      r_->ended_.push_back(std::move(*result));
    } else {
      r_->held_.push_back(id);
    }
    r_->changed_.notify_all();
  }

  std::vector<TransferResult> poll(Duration wait) override {
    std::unique_lock lock(r_->mutex_);
    r_->changed_.wait_for(lock, wait, [&] { return r_->woken_ || !r_->ended_.empty(); });
    r_->woken_ = false;
    return std::exchange(r_->ended_, {});
  }

  std::vector<TransferResult> cancel_all() override {
    const std::lock_guard lock(r_->mutex_);
    auto results = std::exchange(r_->ended_, {});
    r_->cancelled_ += r_->held_.size();
    for (const TransferId id : std::exchange(r_->held_, {})) {
      results.push_back(broken(id, TransportError::cancelled));
    }
    return results;
  }

  void wake() override {
    const std::lock_guard lock(r_->mutex_);
    r_->woken_ = true;
    r_->changed_.notify_all();
  }

 private:
  std::shared_ptr<FakeReceiver> r_;
};

}  // namespace webhookcore::testing

// One event loop's side of the write queue.
#pragma once

#include <cstdint>
#include <memory>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/store/write_queue.h"

namespace webhookcore {

class BoxedCall : public QueuedCall {
 public:
  // Under the GIL: what the call gave, or the exception that it raises.
  virtual py::object answer() = 0;

  std::int64_t ticket = 0;
};

// Used by the loop's thread alone.
class WriteBox {
 public:
  explicit WriteBox(std::shared_ptr<WriteQueue> queue);

  int descriptor() const { return box_->descriptor(); }

  // The ticket by which its answer is known.
  std::int64_t add(std::unique_ptr<BoxedCall> call);

  // Hands over what was added in this tick of the loop.
  void kick();

  // Takes the future of each call that has come back out of `futures`, by its ticket, and
  // answers it; one that was cancelled meanwhile is left as it is. Whether any has come back.
  bool answer(const py::dict& futures);

 private:
  std::shared_ptr<WriteQueue> queue_;
  std::shared_ptr<Mailbox> box_;
  QueuedCalls waiting_;
  std::int64_t last_ticket_ = 0;
};

}  // namespace webhookcore

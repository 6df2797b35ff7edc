// The loop: owns the transport, feeds the dispatcher, and never blocks on the store.
#pragma once

#include <memory>

#include "webhookcore/engine/dispatcher.h"
#include "webhookcore/engine/session.h"

namespace webhookcore {

class DispatcherThread {
 public:
  explicit DispatcherThread(std::shared_ptr<Session> session);

  // The body of the thread; returns when the session stops. Makes the transport and
  // says so, or why not, in the session.
  void run();

 private:
  bool make_transport();
  void drop_transport();
  void round();
  void hand_over(Orders orders);
  bool is_drained(bool stopping, SteadyTime drain_until);
  void cancel_the_rest();

  std::shared_ptr<Session> session_;
  Dispatcher dispatcher_;
  std::unique_ptr<Transport> transport_;
  bool done_ = false;
};

}  // namespace webhookcore

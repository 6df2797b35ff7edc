// Starts and ends a session's two threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/session.h"

namespace webhookcore {

// Who ends a session: stop(), or the run_until_idle() that finds nothing to do.
enum class SessionEnd : std::uint8_t { when_told, when_idle };

// Safe to share between threads. Survives no fork: the child leaks it.
class SessionThreads {
 public:
  // The session that runs already, or a new one once its transport is made. Being
  // started by hand outlasts being started by run_until_idle().
  Result<std::shared_ptr<Session>> start(const SessionParts& parts, SessionEnd end);

  void stop(Duration drain);
  void stop_if(SessionEnd end, Duration drain);

  // nullptr when none runs.
  std::shared_ptr<Session> current() const;

 private:
  Result<void> spawn(const std::shared_ptr<Session>& session);
  void end_session(Duration drain);

  std::mutex lifecycle_;  // Held while starting and stopping, which may take seconds.
  SessionEnd end_ = SessionEnd::when_told;
  std::thread loop_;
  std::thread writer_;

  mutable std::mutex pointer_;  // For the pointer alone.
  std::shared_ptr<Session> session_;
};

}  // namespace webhookcore

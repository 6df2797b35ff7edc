#include "webhookcore/engine/session_threads.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "webhookcore/engine/dispatcher_thread.h"
#include "webhookcore/engine/writer.h"
#include "webhookcore/store/signals_blocked.h"

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestDrain = std::chrono::hours{24};
// With the writer's last tries inside it: what stop() promises on top of the drain.
constexpr Duration kGrace = 900ms;

// A thread that is stuck in the store or in libc is left behind: it holds the session
// and with it all that it touches.
void end_thread(std::thread& thread, bool done) {
  if (!thread.joinable()) return;
  if (done) {
    thread.join();
  } else {
    thread.detach();
  }
}

}  // namespace

std::shared_ptr<Session> SessionThreads::current() const {
  const std::lock_guard lock(pointer_);
  return session_;
}

Result<std::shared_ptr<Session>> SessionThreads::start(const SessionParts& parts, SessionEnd end) {
  const std::lock_guard lifecycle(lifecycle_);
  if (end == SessionEnd::when_told) end_ = end;
  if (auto running = current()) return running;
  end_ = end;
  auto session = std::make_shared<Session>(parts);
  {
    const std::lock_guard lock(pointer_);
    session_ = session;
  }
  if (const auto spawned = spawn(session); !spawned.ok()) {
    end_session(0ms);
    return spawned.error();
  }
  std::unique_lock lock(session->mutex);
  session->state_cv.wait(lock, [&] { return session->loop_started; });
  if (!session->start_error) return session;
  const Error error = *session->start_error;
  lock.unlock();
  end_session(0ms);
  return error;
}

Result<void> SessionThreads::spawn(const std::shared_ptr<Session>& session) {
  const AllSignalsBlocked blocked;
  try {
    loop_ = std::thread([session] { DispatcherThread(session).run(); });
    pthread_setname_np(loop_.native_handle(), "wh-dispatcher");
    writer_ = std::thread([session] { Writer(session).run(); });
    pthread_setname_np(writer_.native_handle(), "wh-writer");
  } catch (const std::system_error& error) {
    const std::lock_guard lock(session->mutex);
    session->loop_done = session->loop_done || !loop_.joinable();
    session->writer_done = true;
    return Error{ErrorCode::config, std::string("no thread could be started: ") + error.what()};
  }
  return {};
}

void SessionThreads::stop(Duration drain) {
  // Also shortens the drain of a stop() that another thread is waiting in.
  const Duration bounded = std::clamp(drain, 0ms, kLongestDrain);
  if (const auto session = current()) {
    session->begin_stop(std::chrono::steady_clock::now() + bounded);
  }
  const std::lock_guard lifecycle(lifecycle_);
  end_session(bounded);
}

void SessionThreads::stop_if(SessionEnd end, Duration drain) {
  const std::lock_guard lifecycle(lifecycle_);
  if (end_ == end) end_session(std::clamp(drain, 0ms, kLongestDrain));
}

void SessionThreads::end_session(Duration drain) {
  const auto session = current();
  if (!session) return;
  session->begin_stop(std::chrono::steady_clock::now() + drain);
  bool loop_done = false;
  bool writer_done = false;
  {
    std::unique_lock lock(session->mutex);
    session->state_cv.wait_until(lock, session->drain_until + kGrace,
                                 [&] { return session->loop_done && session->writer_done; });
    loop_done = session->loop_done;
    writer_done = session->writer_done;
  }
  end_thread(loop_, loop_done);
  end_thread(writer_, writer_done);
  const std::lock_guard lock(pointer_);
  session_.reset();
}

}  // namespace webhookcore

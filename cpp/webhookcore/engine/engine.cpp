#include "webhookcore/engine/engine.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "webhookcore/base/id.h"
#include "webhookcore/engine/attempt_once.h"
#include "webhookcore/engine/outbox.h"
#include "webhookcore/engine/session_threads.h"
#include "webhookcore/store/fork_hooks.h"

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

// The longest attempt (300 s) with its margin: a shorter lease would free what is
// still being sent.
constexpr Duration kShortestLease = 310s;
constexpr Duration kLongestWaitForIdle = std::chrono::hours{24 * 366};
constexpr Duration kForkPatience = 10ms;

EngineOptions sane(EngineOptions options) {
  options.lease = std::max(options.lease, kShortestLease);
  options.max_in_flight = std::max<std::size_t>(1, options.max_in_flight);
  options.max_in_flight_per_endpoint =
      std::clamp<std::size_t>(options.max_in_flight_per_endpoint, 1, options.max_in_flight);
  return options;
}

RunCounts difference(const RunCounts& now, const RunCounts& before) {
  return {.attempts = now.attempts - before.attempts,
          .delivered = now.delivered - before.delivered,
          .failed_attempts = now.failed_attempts - before.failed_attempts,
          .dead = now.dead - before.dead};
}

RunCounts sum(const RunCounts& one, const RunCounts& other) {
  return {.attempts = one.attempts + other.attempts,
          .delivered = one.delivered + other.delivered,
          .failed_attempts = one.failed_attempts + other.failed_attempts,
          .dead = one.dead + other.dead};
}

// Up to where the runs of run_until_idle() have counted.
struct CountedTo {
  std::weak_ptr<Session> session;
  RunCounts counts;
};

}  // namespace

// Those who want the engine to deliver until it is idle, and what they counted: an
// attempt stands in the counts of one of them.
class Engine::Runs {
 public:
  // `whole`: until end_run(), not for one call.
  Result<std::shared_ptr<Session>> begin(SessionThreads& threads, const SessionParts& parts,
                                         bool whole) {
    const std::lock_guard lock(mutex_);
    auto session = join(threads, parts);
    if (session.ok()) ++(whole ? whole_ : calls_);
    return session;
  }

  RunCounts count(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    if (!counted_to_ || counted_to_->session.lock() != session) return {};
    const RunCounts counts = session->counts_now();
    const RunCounts news = difference(counts, std::exchange(counted_to_->counts, counts));
    return sum(news, std::exchange(left_over_, {}));
  }

  RunCounts take() {
    const std::lock_guard lock(mutex_);
    RunCounts news;
    if (const auto session = counted_to_ ? counted_to_->session.lock() : nullptr) {
      const RunCounts counts = session->counts_now();
      news = difference(counts, std::exchange(counted_to_->counts, counts));
    }
    return sum(news, std::exchange(left_over_, {}));
  }

  void end_call(SessionThreads& threads, bool idle) {
    const std::lock_guard lock(mutex_);
    --calls_;
    if (idle && calls_ == 0 && whole_ == 0) end_session(threads, 0ms);
  }

  // Does not wait for calls: they belong to what is over.
  void end_whole(SessionThreads& threads, Duration drain) {
    const std::lock_guard lock(mutex_);
    if (whole_ > 0) --whole_;
    if (whole_ == 0) end_session(threads, drain);
  }

 private:
  Result<std::shared_ptr<Session>> join(SessionThreads& threads, const SessionParts& parts) {
    const auto before = threads.current();
    auto session = threads.start(parts, SessionEnd::when_idle);
    if (!session.ok()) return session;
    if (!counted_to_ || counted_to_->session.lock() != *session) {
      counted_to_ = CountedTo{*session, before == *session ? before->counts_now() : RunCounts{}};
    }
    return session;
  }

  // Of what no start() asked for.
  void end_session(SessionThreads& threads, Duration drain) {
    const auto session = counted_to_ ? counted_to_->session.lock() : nullptr;
    threads.stop_if(SessionEnd::when_idle, drain);
    // What another run sent for, and this session's end made, is told by that run.
    if (session && threads.current() != session) {
      left_over_ = sum(left_over_, difference(session->counts_now(), counted_to_->counts));
    }
    counted_to_.reset();
  }

  std::mutex mutex_;
  int calls_ = 0;
  int whole_ = 0;
  RunCounts left_over_;                  // Made while a session ended, and in no counts yet.
  std::optional<CountedTo> counted_to_;  // Stays after a run that did not end idle.
};

// What cannot outlive a fork is in `threads`, `runs` and `events`; the child replaces
// them without looking at what another thread may have left half done in them.
struct Engine::State {
  SessionParts parts;
  Outbox outbox;
  std::unique_ptr<SessionThreads> threads = std::make_unique<SessionThreads>();
  std::unique_ptr<Runs> runs = std::make_unique<Runs>();
  std::optional<ForkGuard> fork_guard = {};

  Result<IdleResult> wait_until_idle(Session& session, Duration wait, SteadyTime until) const;
};

Engine::Engine(std::shared_ptr<Store> store, TransportFactory make_transport, EngineOptions options,
               const Clock& clock, Random& random) {
  Store& messages = *store;
  // make_unique() cannot make an aggregate before clang 16.
  state_ = std::unique_ptr<State>(  // NOLINT(modernize-make-unique)
      new State{.parts = {std::move(store), std::move(make_transport), sane(options), clock, random,
                          std::make_shared<EventLog>()},
                .outbox = Outbox(messages, clock, random)});
  state_->fork_guard.emplace(ForkStage::engine,
                             ForkHooks{.before = [this] { before_fork(); },
                                       .in_parent = [this] { after_fork_in_parent(); },
                                       .in_child = [this] { after_fork_in_child(); }});
}

Engine::~Engine() {
  state_->fork_guard.reset();
  state_->threads->stop(0ms);
}

std::vector<Result<Enqueued>> Engine::enqueue(std::vector<NewMessage> messages) {
  auto results = state_->outbox.enqueue(std::move(messages));
  wake();
  return results;
}

void Engine::wake() {
  if (const auto session = state_->threads->current()) session->wake_writer();
}

Result<void> Engine::start() {
  auto session = state_->threads->start(state_->parts, SessionEnd::when_told);
  if (!session.ok()) return session.error();
  return {};
}

void Engine::stop(Duration drain) { state_->threads->stop(drain); }

bool Engine::running() const { return state_->threads->current() != nullptr; }

EngineRole Engine::role() const {
  const auto session = state_->threads->current();
  if (!session) return EngineRole::stopped;
  const std::lock_guard lock(session->mutex);
  return session->role;
}

Result<Engine::IdleResult> Engine::run_until_idle(Duration wait, Duration deadline) {
  const SteadyTime until =
      std::chrono::steady_clock::now() + std::clamp(deadline, 0ms, kLongestWaitForIdle);
  const auto session = state_->runs->begin(*state_->threads, state_->parts, false);
  if (!session.ok()) return session.error();
  auto result =
      state_->wait_until_idle(**session, std::clamp(wait, 0ms, kLongestWaitForIdle), until);
  if (result.ok()) result->counts = state_->runs->count(*session);
  state_->runs->end_call(*state_->threads, result.ok() && result->idle);
  return result;
}

Result<void> Engine::begin_run() {
  const auto session = state_->runs->begin(*state_->threads, state_->parts, true);
  if (!session.ok()) return session.error();
  return {};
}

RunCounts Engine::take_counts() { return state_->runs->take(); }

void Engine::end_run(Duration drain) { state_->runs->end_whole(*state_->threads, drain); }

Result<Engine::IdleResult> Engine::State::wait_until_idle(Session& session, Duration wait,
                                                          SteadyTime until) const {
  std::unique_lock lock(session.mutex);
  const std::uint64_t question = ++session.questions;
  session.poked = true;
  session.writer_cv.notify_one();
  const auto is_idle = [&] {
    const auto& answer = session.answer;
    if (answer.question < question || !answer.quiet) return false;
    const TimePoint now = parts.clock.now();
    // One that lies further ahead is from before the clock was set back.
    const bool knows = session.busy_until <= now + std::chrono::ceil<Duration>(kLongestLine);
    const TimePoint until_idle = std::max(now + wait, knows ? session.busy_until : now);
    return !answer.next_due_at || *answer.next_due_at > until_idle;
  };
  session.state_cv.wait_until(lock, until, [&] { return session.writer_done || is_idle(); });
  const bool idle = is_idle();
  if (!idle && session.store_trouble) return *session.store_trouble;
  if (idle && session.unreadable) return *session.unreadable;
  return IdleResult{.idle = idle};
}

Result<Attempt> Engine::attempt_once(Endpoint endpoint, Message message,
                                     const std::function<bool()>& should_end) {
  const SessionParts& parts = state_->parts;
  if (message.id.empty()) message.id = make_id("msg_", parts.clock.now(), parts.random);
  return webhookcore::attempt_once(parts.make_transport, std::move(endpoint), std::move(message),
                                   parts.clock, should_end);
}

std::vector<AttemptEvent> Engine::take_events(std::size_t limit) {
  return state_->parts.events->take(limit);
}

std::vector<std::string> Engine::take_problems() { return state_->parts.events->take_problems(); }

void Engine::before_fork() {
  if (const auto session = state_->threads->current()) session->park(kForkPatience);
}

void Engine::after_fork_in_parent() {
  if (const auto session = state_->threads->current()) session->unpark();
}

// What another thread may have held at the fork is left where it is, never destroyed.
void Engine::after_fork_in_child() {
  static_cast<void>(state_->threads.release());
  state_->threads = std::make_unique<SessionThreads>();
  static_cast<void>(state_->runs.release());
  state_->runs = std::make_unique<Runs>();
  static_cast<void>(new std::shared_ptr<EventLog>(std::move(state_->parts.events)));
  state_->parts.events = std::make_shared<EventLog>();
}

}  // namespace webhookcore

#include "webhookcore/transport/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "webhookcore/transport/address_guard.h"

namespace webhookcore {
namespace {

using Done = std::function<void(Resolution)>;

// A thread that is idle this long ends; the next burst starts another.
constexpr std::chrono::seconds idle_thread{10};
constexpr std::size_t max_remembered = 8192;

struct Name {
  std::vector<Done> waiting = {};
  bool asked = false;    // Queued or being looked up.
  bool suspect = false;  // Failed or was slow the last time.
  Resolution last = {};
  Duration fresh_until{};
};

// Shared by the resolver and its threads; the last of them frees it.
struct State {
  ResolverOptions options;
  Lookup lookup;
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Name> names;
  std::deque<std::string> good;
  std::deque<std::string> suspects;
  int threads = 0;
  int idle = 0;
  int busy_with_suspects = 0;
  bool closed = false;

  bool may_take_suspect() const {
    return !suspects.empty() && busy_with_suspects < std::max(options.threads / 2, 1);
  }
  bool has_work() const { return !good.empty() || may_take_suspect(); }
};

// Under the lock. Drops what is neither fresh nor wanted, once there is too much of it.
void forget_stale(State& state) {
  if (state.names.size() < max_remembered) return;
  const Duration now = state.clock.monotonic();
  std::erase_if(state.names, [&](const auto& entry) {
    return !entry.second.asked && entry.second.fresh_until <= now;
  });
}

// Called with the lock held, which it lets go while it asks and tells.
void answer_one(State& state, std::unique_lock<std::mutex>& lock) {
  const bool suspect = state.good.empty();
  auto& queue = suspect ? state.suspects : state.good;
  const std::string host = std::move(queue.front());
  queue.pop_front();
  if (suspect) ++state.busy_with_suspects;
  lock.unlock();

  const Duration started = state.clock.monotonic();
  Resolution answer = state.lookup(host);
  const Duration now = state.clock.monotonic();

  lock.lock();
  if (suspect) --state.busy_with_suspects;
  Name& name = state.names[host];
  const bool failed = answer.addresses.empty();
  name.asked = false;
  name.suspect = failed || now - started >= state.options.slow;
  name.last = answer;
  name.fresh_until =
      now + (failed ? state.options.remember_failure : state.options.remember_answer);
  const std::vector<Done> waiting = std::exchange(name.waiting, {});
  lock.unlock();
  for (const Done& done : waiting) done(answer);
  lock.lock();
}

void work(const std::shared_ptr<State>& state) {
  std::unique_lock lock{state->mutex};
  while (!state->closed) {
    if (state->has_work()) {
      answer_one(*state, lock);
      continue;
    }
    ++state->idle;
    const bool wanted = state->changed.wait_for(lock, idle_thread,
                                                [&] { return state->closed || state->has_work(); });
    --state->idle;
    if (!wanted) break;
  }
  --state->threads;
}

class SystemResolver final : public Resolver {
 public:
  SystemResolver(ResolverOptions options, Lookup lookup) : state_(std::make_shared<State>()) {
    state_->options = options;
    state_->lookup = std::move(lookup);
  }
  SystemResolver(const SystemResolver&) = delete;
  SystemResolver& operator=(const SystemResolver&) = delete;
  ~SystemResolver() override {
    const std::scoped_lock lock{state_->mutex};
    state_->closed = true;
    state_->changed.notify_all();
  }

  void resolve(const std::string& host, Done done) override {
    std::unique_lock lock{state_->mutex};
    auto now_known = enqueue(host, done);
    lock.unlock();
    if (now_known) done(*std::move(now_known));
  }

 private:
  // Under the lock: an answer that is there already, or nullopt when `done` waits.
  std::optional<Resolution> enqueue(const std::string& host, const Done& done) {
    State& state = *state_;
    forget_stale(state);
    Name& name = state.names[host];
    if (!name.asked && state.clock.monotonic() < name.fresh_until) return name.last;
    if (!name.asked) {
      if (state.good.size() + state.suspects.size() >= state.options.max_waiting) {
        return Resolution{{}, "too many names are waiting to be resolved"};
      }
      name.asked = true;
      (name.suspect ? state.suspects : state.good).push_back(host);
      if (!make_thread()) {
        name.asked = false;
        (name.suspect ? state.suspects : state.good).pop_back();
        return Resolution{{}, "no thread to resolve the name"};
      }
    }
    name.waiting.push_back(done);
    state.changed.notify_one();
    return std::nullopt;
  }

  // Under the lock. False only when there is no thread at all.
  bool make_thread() {
    State& state = *state_;
    const auto queued = state.good.size() + state.suspects.size();
    const bool enough = static_cast<std::size_t>(state.idle) >= queued;
    if (enough || state.threads >= std::max(state.options.threads, 1)) return true;
    try {
      std::thread{work, state_}.detach();
      ++state.threads;
    } catch (const std::system_error&) {
      return state.threads > 0;  // The others will get to it.
    }
    return true;
  }

  std::shared_ptr<State> state_;
};

}  // namespace

Resolution look_up_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) return {{}, gai_strerror(code)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{list, freeaddrinfo};
  Resolution answer;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (auto address = address_of(entry->ai_addr)) answer.addresses.push_back(*address);
  }
  if (answer.addresses.empty()) answer.error = "the name has no address";
  return answer;
}

std::shared_ptr<Resolver> make_system_resolver(ResolverOptions options, Lookup lookup) {
  return std::make_shared<SystemResolver>(options, std::move(lookup));
}

}  // namespace webhookcore

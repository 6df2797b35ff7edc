// Drives a real transport in a test: one attempt, or until a number have ended.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/transport/curl_transport.h"

namespace webhookcore::test {

using Steady = std::chrono::steady_clock;

// http on loopback; everything else as it is outside.
inline CurlOptions loopback_options() {
  CurlOptions options;
  options.policy.allow_http = true;
  options.policy.allow = {parse_cidr("127.0.0.0/8").value()};
  return options;
}

inline std::unique_ptr<Transport> make_transport(const CurlOptions& options = loopback_options(),
                                                 std::shared_ptr<Resolver> resolver = nullptr) {
  auto transport = make_curl_transport(options, std::move(resolver));
  if (!transport) throw std::runtime_error(transport.error().detail);
  return *std::move(transport);
}

inline HttpAttempt attempt_to(const std::string& url, const std::string& body = "{}") {
  HttpAttempt attempt;
  attempt.url = url;
  attempt.headers = {{"Content-Type", "application/json"}};
  attempt.body = std::make_shared<const std::string>(body);
  return attempt;
}

inline std::vector<TransferResult> await(Transport& transport, std::size_t count,
                                         std::chrono::seconds patience = std::chrono::seconds{20}) {
  std::vector<TransferResult> ended;
  const auto until = Steady::now() + patience;
  while (ended.size() < count) {
    if (Steady::now() > until) throw std::runtime_error("a transfer never ended");
    for (auto& result : transport.poll(Duration{200})) ended.push_back(std::move(result));
  }
  return ended;
}

inline TransferResult run(Transport& transport, HttpAttempt attempt) {
  transport.start(1, std::move(attempt));
  return await(transport, 1).front();
}

// Allowed past a deadline by a machine that is busy with other things. The promise of
// 250 ms (reliability.md S8) is held to the best of three, below.
inline constexpr Duration busy_slack{2000};
inline constexpr Duration promised_slack{250};

// curl counts a deadline in whole milliseconds from a moment of its own, a little before ours.
inline constexpr Duration timer_grain{5};

// An attempt that is repeated for its duration alone: the shortest of three.
inline Duration shortest_of_three(const std::function<TransferResult()>& attempt) {
  Duration shortest = Duration::max();
  for (int i = 0; i < 3; ++i) shortest = std::min(shortest, attempt().duration);
  return shortest;
}

// Answers at once from a table of lists: each question for a name takes the next
// list, the last one stays. A name that is not in the table is never answered.
class TableResolver final : public Resolver {
 public:
  using Answers = std::vector<std::vector<std::string>>;

  void set(const std::string& host, Answers answers) { table_[host] = std::move(answers); }

  void resolve(const std::string& host, std::function<void(Resolution)> done) override {
    const auto found = table_.find(host);
    if (found == table_.end()) {
      const std::scoped_lock lock{mutex_};
      unanswered_.push_back(std::move(done));
      return;
    }
    Resolution resolution;
    for (const std::string& text : found->second.front()) {
      resolution.addresses.push_back(parse_ip(text).value());
    }
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    done(std::move(resolution));
  }

  // The questions that have no answer yet, for a test to answer late.
  std::vector<std::function<void(Resolution)>> take_unanswered() {
    const std::scoped_lock lock{mutex_};
    return std::exchange(unanswered_, {});
  }

 private:
  std::map<std::string, Answers> table_;
  std::mutex mutex_;
  std::vector<std::function<void(Resolution)>> unanswered_;
};

}  // namespace webhookcore::test

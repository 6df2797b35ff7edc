// Closes connections that idle. libcurl looks for them when a transfer starts and at no
// other time; while nothing is sent, a transfer that goes nowhere makes it look.
#pragma once

#include <curl/curl.h>

#include <chrono>

#include "webhookcore/base/clock.h"
#include "webhookcore/transport/curl_handles.h"

namespace webhookcore {

class IdleSweep {
 public:
  explicit IdleSweep(std::chrono::seconds max_idle) : max_idle_(max_idle) {}

  // When run() wants to be called next, in monotonic time.
  Duration due() const { return due_; }
  // Starts a sweep when one is due. Not while nothing can be idle.
  void run(CURLM* multi, Duration now);
  // Whether the transfer that ended was the sweep's; it is taken out of the loop then.
  bool ended(CURLM* multi, CURL* easy);

 private:
  bool make();

  std::chrono::seconds max_idle_;
  Duration due_{};
  bool running_ = false;
  EasyHandle easy_;
};

}  // namespace webhookcore

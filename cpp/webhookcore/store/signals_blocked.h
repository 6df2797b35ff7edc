// For threads that are ours and not the user's.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace webhookcore {

// The user's signal handlers, Python's above all, belong on the user's threads: a
// thread inherits the mask it is made under. Around the making of one.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace webhookcore

#include "webhookcore/transport/curl_handles.h"

namespace webhookcore {

bool start_curl() {
  // The lock of a function-local static is the mutex that curl_global_init() wants
  // around it. Never undone: other users of libcurl may live in this process.
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

}  // namespace webhookcore

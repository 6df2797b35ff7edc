#include "webhookcore/transport/idle_sweep.h"

namespace webhookcore {
namespace {

curl_socket_t open_no_socket(void* /*self*/, curlsocktype /*purpose*/, curl_sockaddr* /*to*/) {
  return CURL_SOCKET_BAD;
}

}  // namespace

bool IdleSweep::make() {
  if (easy_) return true;
  easy_.reset(curl_easy_init());
  CURL* const easy = easy_.get();
  if (easy == nullptr) return false;
  bool ok = curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/") == CURLE_OK;
  ok = curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK && ok;
  ok = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && ok;
  ok = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_no_socket) == CURLE_OK && ok;
  ok = curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(max_idle_.count())) ==
           CURLE_OK &&
       ok;
  if (!ok) easy_.reset();
  return ok;
}

void IdleSweep::run(CURLM* multi, Duration now) {
  if (running_ || now < due_) return;
  // libcurl counts idleness in whole seconds and has to see more of them than the limit.
  const bool first = due_ == Duration::zero();
  due_ = now + max_idle_ / 2 + std::chrono::seconds{1};
  if (!first) running_ = make() && curl_multi_add_handle(multi, easy_.get()) == CURLM_OK;
}

bool IdleSweep::ended(CURLM* multi, CURL* easy) {
  if (easy != easy_.get()) return false;
  curl_multi_remove_handle(multi, easy);
  running_ = false;
  return true;
}

}  // namespace webhookcore

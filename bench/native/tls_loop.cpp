// The baseline of deliver.tls_connect: bare libcurl over TLS. Posts `count` bodies of `size`
// bytes, `in_flight` at once, and prints the CPU seconds taken. Without a CA path, so that
// libcurl keeps what it read of the CA file.
//
//   tls_loop COUNT IN_FLIGHT SIZE CA_FILE URL
#include <curl/curl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

CURL* make(const std::string& body, const char* ca_file, const char* url) {
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &drop);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  return easy;
}

void check(CURL* easy, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return;
  std::fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(code), status);
  std::exit(1);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  long left = std::atol(arguments[1]);
  const std::string body(std::stoul(arguments[3]), 'x');
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
  const double begin = cpu_seconds();
  long running = std::min(std::atol(arguments[2]), left);
  std::vector<CURL*> handles;
  for (long i = 0; i < running; ++i) {
    handles.push_back(make(body, arguments[4], arguments[5]));
    curl_multi_add_handle(multi, handles.back());
    --left;
  }
  while (running > 0) {
    int active = 0;
    curl_multi_perform(multi, &active);
    int queued = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi, &queued)) {
      CURL* const easy = message->easy_handle;
      check(easy, message->data.result);
      curl_multi_remove_handle(multi, easy);
      if (left-- > 0) {
        curl_multi_add_handle(multi, easy);
      } else {
        --running;
      }
    }
    curl_multi_poll(multi, nullptr, 0, 100, nullptr);
  }
  std::printf("%.6f\n", cpu_seconds() - begin);
  for (CURL* easy : handles) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

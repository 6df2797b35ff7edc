// The baseline of deliver.curl: bare libcurl, nothing stored and nothing signed. Posts `count`
// bodies of `size` bytes to the URLs in turn, `in_flight` at once, and prints the seconds taken.
//
//   curl_loop COUNT IN_FLIGHT SIZE URL...
#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

struct Load {
  long left;
  std::size_t next = 0;
  std::string body;
  std::vector<std::string> urls;
};

void prepare(CURL* easy, const Load& load, curl_slist* headers) {
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, load.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(load.body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &drop);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

void start(CURLM* multi, CURL* easy, Load& load) {
  curl_easy_setopt(easy, CURLOPT_URL, load.urls[load.next++ % load.urls.size()].c_str());
  curl_multi_add_handle(multi, easy);
  --load.left;
}

void finish(CURLM* multi, CURL* easy, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status != 200) {
    std::fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(code), status);
    std::exit(1);
  }
  curl_multi_remove_handle(multi, easy);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) return 2;
  Load load{.left = std::atol(arguments[1]), .body = std::string(std::stoul(arguments[3]), 'x')};
  load.urls.assign(arguments + 4, arguments + count);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
  curl_slist* headers = nullptr;
  for (const char* header :
       {"Content-Type: application/json", "Expect:", "webhook-timestamp: 1700000000",
        "webhook-id: msg_01HF7YAT31KQ2S7E9Z5QX3V0AB",
        "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="}) {
    headers = curl_slist_append(headers, header);
  }

  const auto begin = std::chrono::steady_clock::now();
  long running = std::min(std::atol(arguments[2]), load.left);
  std::vector<CURL*> handles;
  for (long i = 0; i < running; ++i) {
    handles.push_back(curl_easy_init());
    prepare(handles.back(), load, headers);
    start(multi, handles.back(), load);
  }
  while (running > 0) {
    int active = 0;
    curl_multi_perform(multi, &active);
    int queued = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi, &queued)) {
      CURL* const easy = message->easy_handle;
      finish(multi, easy, message->data.result);
      if (load.left > 0) {
        start(multi, easy, load);
      } else {
        --running;
      }
    }
    curl_multi_poll(multi, nullptr, 0, 100, nullptr);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%.6f\n", seconds.count());
  for (CURL* easy : handles) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
}

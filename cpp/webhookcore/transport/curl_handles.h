// Owners of libcurl's handles, and its one-time start.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace webhookcore {

// CURL and CURLM are both `void`, so overloads cannot tell them apart.
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct ShareDeleter {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};

using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;
using ShareHandle = std::unique_ptr<CURLSH, ShareDeleter>;
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

// A list that libcurl reads in place: it must outlive the transfer.
class CurlList {
 public:
  // False when memory is out; the list is then as it was.
  bool append(const std::string& line) {
    curl_slist* const grown = curl_slist_append(list_.get(), line.c_str());
    if (grown == nullptr) return false;
    (void)list_.release();
    list_.reset(grown);
    return true;
  }
  curl_slist* get() const { return list_.get(); }
  void clear() { list_.reset(); }

 private:
  std::unique_ptr<curl_slist, ListDeleter> list_;
};

// curl_global_init(), once per process. False when libcurl cannot start at all.
bool start_curl();

}  // namespace webhookcore

// One easy handle: its options, its callbacks and what it brought back.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/curl_handles.h"
#include "webhookcore/transport/host_pool.h"
#include "webhookcore/transport/response_reader.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

// What all requests of one transport share.
struct RequestDefaults {
  std::string ca_file;
  std::string client_cert;  // PEM files; empty: none.
  std::string client_key;
  std::string proxy;      // Empty: none.
  std::string interface;  // As CURLOPT_INTERFACE takes it; empty: any.
  std::string user_agent;
  std::chrono::seconds max_idle{60};  // A connection that idles longer is closed.
};

// What would break the framing of the request, or empty. Core judges names and
// values where they are configured; nothing may reach the wire that was not.
std::string_view problem_of(const HttpAttempt& attempt);

class CurlRequest {
 public:
  // nullptr when memory is out. `guard` is asked before every connect and every
  // request; nullptr where a proxy dials, for then the guard is the proxy's.
  static std::unique_ptr<CurlRequest> create(const RequestDefaults& defaults,
                                             const AddressGuard* guard);

  struct Target {
    UrlHandle url;
    HostPool* pool = nullptr;
    std::string pin;  // "+host:port:address,address"; empty when the host is an address.
  };
  // `owner` comes back as CURLINFO_PRIVATE. `remaining` is what the attempt has left.
  // False when memory is out.
  // The target's pool outlives the connections made for it.
  bool prepare(const HttpAttempt& attempt, Target target, Duration remaining, void* owner);

  CURL* easy() const { return easy_.get(); }

  // Fills in all but id and duration. `dns` shifts libcurl's times to the attempt's
  // start.
  void finish(CURLcode code, Duration dns, TransferResult& result);

  // Whether the answer came over HTTP/1; nullopt where none did.
  std::optional<bool> answered_http1() const;

  // Whether libcurl may have dropped an answer that came over HTTP/2.
  bool may_have_lost_answer(CURLcode code) const;

  // Forgets the attempt; the handle can take another.
  void clear();

 private:
  explicit CurlRequest(const AddressGuard* guard) : guard_(guard) {}

  template <typename Value>
  void set(CURLoption option, Value value);
  void set_safety();
  void set_tls(const RequestDefaults& defaults);
  void set_callbacks();
  void set_method(const HttpAttempt& attempt);
  void set_headers(const HttpAttempt& attempt);
  void read_phases(Duration dns, TransferPhases& phases) const;
  std::string connected_to() const;
  std::string_view told(CURLcode code) const;
  bool refuses(const std::optional<IpAddress>& address);

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* pool, curl_socket_t socket);
  static int on_request(void* self, char* remote_address, char* local_address, int remote_port,
                        int local_port);

  EasyHandle easy_;
  const AddressGuard* guard_;
  bool options_ok_ = true;
  HostPool* pool_ = nullptr;
  UrlHandle url_;
  CurlList headers_;
  CurlList pin_;
  std::shared_ptr<const std::string> body_;
  ResponseReader response_;
  int sockets_opened_ = 0;
  std::string blocked_;  // The refused address and why; empty: none was.
  std::string dialled_;  // The last address that a socket was opened for.
  std::array<char, CURL_ERROR_SIZE> error_buffer_{};
};

}  // namespace webhookcore

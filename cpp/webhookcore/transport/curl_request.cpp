#include "webhookcore/transport/curl_request.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/transport/curl_error.h"

namespace webhookcore {
namespace {

// A pin is renewed by every transfer to its host, so it only has to outlive the
// longest attempt; one that lapsed earlier would send libcurl to its own resolver.
constexpr long pin_lifetime_seconds = 24L * 3600;

// These say how the request is framed and routed, which is libcurl's to decide.
constexpr std::array<std::string_view, 10> framing_headers{
    "connection", "content-length",    "expect",  "host",    "keep-alive",
    "te",         "transfer-encoding", "trailer", "upgrade", "proxy-connection"};

bool is_framing(std::string_view name) {
  return std::any_of(framing_headers.begin(), framing_headers.end(),
                     [&](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

std::string with_port(const IpAddress& address, int port) {
  const std::string text = to_string(address);
  const bool v6 = address.family == IpAddress::Family::v6;
  return (v6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

int port_of(const sockaddr* address) {
  // The port sits at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

}  // namespace

std::string_view problem_of(const HttpAttempt& attempt) {
  if (!is_header_name(attempt.method)) return "the method is not a token";
  if (attempt.method == "CONNECT") return "the method CONNECT is not sent";
  for (const OwnedHeader& header : attempt.headers) {
    if (!is_header_name(header.name)) return "a header name is not a token";
    if (!is_header_value(header.value)) return "a header value holds a control byte";
    if (is_framing(header.name)) return "a header sets the framing of the request";
  }
  return {};
}

template <typename Value>
void CurlRequest::set(CURLoption option, Value value) {
  options_ok_ = curl_easy_setopt(easy_.get(), option, value) == CURLE_OK && options_ok_;
}

std::unique_ptr<CurlRequest> CurlRequest::create(const RequestDefaults& defaults,
                                                 const AddressGuard* guard) {
  std::unique_ptr<CurlRequest> request{new CurlRequest{guard}};
  request->easy_.reset(curl_easy_init());
  if (!request->easy_) return nullptr;
  request->set_safety();
  request->set_tls(defaults);
  request->set_callbacks();
  // Empty and not unset: unset means whatever the environment says, for both.
  request->set(CURLOPT_PROXY, defaults.proxy.c_str());
  request->set(CURLOPT_NOPROXY, "");
  request->set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!defaults.interface.empty()) request->set(CURLOPT_INTERFACE, defaults.interface.c_str());
  request->set(CURLOPT_USERAGENT, defaults.user_agent.c_str());
  request->set(CURLOPT_MAXAGE_CONN, static_cast<long>(defaults.max_idle.count()));
  return request->options_ok_ ? std::move(request) : nullptr;
}

// Cookies, netrc, alt-svc, HSTS and automatic decompression are off while nobody
// turns them on; nothing here does.
void CurlRequest::set_safety() {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_DNS_CACHE_TIMEOUT, pin_lifetime_seconds);
}

void CurlRequest::set_tls(const RequestDefaults& defaults) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_CAINFO, defaults.ca_file.c_str());
  set(CURLOPT_PROXY_CAINFO, defaults.ca_file.c_str());
  // With a CA path set, libcurl reads its certificates anew for every connection:
  // 31 to 44 ms of CPU each instead of 1.2 (performance.md, trap 1).
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_PROXY_CAPATH, static_cast<char*>(nullptr));
  if (defaults.client_cert.empty()) return;
  set(CURLOPT_SSLCERT, defaults.client_cert.c_str());
  set(CURLOPT_SSLKEY, defaults.client_key.c_str());
}

void CurlRequest::set_callbacks() {
  set(CURLOPT_HEADERFUNCTION, &CurlRequest::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlRequest::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlRequest::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &CurlRequest::on_close_socket);
  set(CURLOPT_PREREQFUNCTION, &CurlRequest::on_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_ERRORBUFFER, error_buffer_.data());
}

bool CurlRequest::prepare(const HttpAttempt& attempt, Target target, Duration remaining,
                          void* owner) {
  url_ = std::move(target.url);
  pool_ = target.pool;
  body_ = attempt.body;
  response_ = ResponseReader(attempt.response_body);
  set(CURLOPT_CURLU, url_.get());
  set(CURLOPT_PRIVATE, owner);
  set(CURLOPT_CLOSESOCKETDATA, pool_);
  // For http too: a handle that once had sessions of its own would leak them here.
  set(CURLOPT_SHARE, pool_->sessions.get());
  set_method(attempt);
  set_headers(attempt);
  if (!target.pin.empty()) options_ok_ = pin_.append(target.pin) && options_ok_;
  set(CURLOPT_RESOLVE, pin_.get());
  // Zero would mean no limit at all.
  const Duration left = std::max(remaining, Duration{1});
  const Duration connect = std::clamp(attempt.connect_timeout, Duration{1}, left);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  // No CURLOPT_PIPEWAIT: whoever should share a connection was kept back (host_pool.h).
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(pool_->offers_http2() ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  return options_ok_;
}

void CurlRequest::set_method(const HttpAttempt& attempt) {
  const bool has_body = body_ && !body_->empty();
  const char* custom = attempt.method.c_str();
  if (attempt.method == "HEAD" && !has_body) {
    set(CURLOPT_NOBODY, 1L);
    custom = nullptr;
  } else if (attempt.method == "GET" && !has_body) {
    set(CURLOPT_HTTPGET, 1L);
    custom = nullptr;
  } else {
    set(CURLOPT_POST, 1L);
    // Not copied: body_ holds it until clear().
    set(CURLOPT_POSTFIELDS, has_body ? body_->data() : "");
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(has_body ? body_->size() : 0));
    if (attempt.method == "POST") custom = nullptr;
  }
  set(CURLOPT_CUSTOMREQUEST, custom);
}

void CurlRequest::set_headers(const HttpAttempt& attempt) {
  // A name with nothing behind the colon takes away what libcurl would add.
  options_ok_ = headers_.append("Expect:") && options_ok_;
  bool has_type = false;
  for (const OwnedHeader& header : attempt.headers) {
    has_type = has_type || equals_ignoring_case(header.name, "content-type");
    const bool blank = header.value.find_first_not_of(" \t") == std::string::npos;
    // An empty header has a spelling of its own, a semicolon.
    const std::string line = blank ? header.name + ";" : header.name + ": " + header.value;
    options_ok_ = headers_.append(line) && options_ok_;
  }
  if (!has_type) options_ok_ = headers_.append("Content-Type:") && options_ok_;
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void CurlRequest::clear() {
  set(CURLOPT_CURLU, static_cast<CURLU*>(nullptr));
  set(CURLOPT_RESOLVE, static_cast<curl_slist*>(nullptr));
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  set(CURLOPT_POSTFIELDS, static_cast<char*>(nullptr));
  set(CURLOPT_PRIVATE, static_cast<void*>(nullptr));
  set(CURLOPT_SHARE, static_cast<CURLSH*>(nullptr));
  pool_ = nullptr;
  url_.reset();
  headers_.clear();
  pin_.clear();
  body_.reset();
  response_ = ResponseReader();
  sockets_opened_ = 0;
  blocked_.clear();
  dialled_.clear();
  error_buffer_.front() = '\0';
}

void CurlRequest::finish(CURLcode code, Duration dns, TransferResult& result) {
  result.dialled_address = connected_to();
  read_phases(dns, result.phases);
  result.status = response_.status();
  result.response_headers = response_.take_headers();
  result.response_body = response_.take_kept_body();
  result.is_whole = result.status && code == CURLE_OK;
  if (result.status) return;  // Decides, however the transfer ended after it.

  result.response_headers.clear();
  // The address guard's refusal reaches libcurl as a failed connect, one try of several.
  const bool guarded =
      !blocked_.empty() && (sockets_opened_ == 0 || code == CURLE_ABORTED_BY_CALLBACK);
  if (guarded) {
    result.error = TransportError::blocked_address;
    result.error_text = error_text(blocked_);
    return;
  }
  long request_bytes = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &request_bytes);
  const std::string_view told = this->told(code);
  result.error = classify(code, request_bytes > 0, told);
  if (!response_.problem().empty()) {
    result.error = TransportError::bad_response;
    result.error_text = error_text(response_.problem());
  } else if (told.empty() && may_have_lost_answer(code)) {
    result.error_text = "the receiver answered and reset the HTTP/2 stream; the answer was lost";
  } else {
    const bool began = result.phases.first_byte.has_value();
    result.error_text = error_text(told.empty() ? text_of(code, began) : told);
  }
}

std::optional<bool> CurlRequest::answered_http1() const {
  long version = CURL_HTTP_VERSION_NONE;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  if (!response_.status() || version == CURL_HTTP_VERSION_NONE) return std::nullopt;
  return version < CURL_HTTP_VERSION_2_0;
}

// What libcurl wrote about the error, or empty where it wrote what it always says of it.
std::string_view CurlRequest::told(CURLcode code) const {
  const std::string_view text{error_buffer_.data()};
  return text == curl_easy_strerror(code) ? std::string_view{} : text;
}

// libcurl 7.88 drops a head that it reads together with the stream's end by NO_ERROR
// (performance.md, trap 2). When that is noticed while the body goes out, it is an error of
// the stream without a text, which all others have; afterwards it is an empty reply, which
// over HTTP/2 nothing else is.
bool CurlRequest::may_have_lost_answer(CURLcode code) const {
  if (response_.status() || !pool_->offers_http2()) return false;
  return code == CURLE_GOT_NOTHING || (code == CURLE_HTTP2_STREAM && told(code).empty());
}

void CurlRequest::read_phases(Duration dns, TransferPhases& phases) const {
  // Microseconds since the handle was started; 0: not reached.
  const auto reached = [&](CURLINFO info) -> std::optional<Duration> {
    curl_off_t us = 0;
    if (curl_easy_getinfo(easy_.get(), info, &us) != CURLE_OK || us <= 0) return std::nullopt;
    return dns + Duration{us / 1000};
  };
  phases.connect = reached(CURLINFO_CONNECT_TIME_T);
  phases.tls = reached(CURLINFO_APPCONNECT_TIME_T);
  phases.first_byte = reached(CURLINFO_STARTTRANSFER_TIME_T);
}

std::string CurlRequest::connected_to() const {
  char* text = nullptr;
  long port = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &text);
  curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_PORT, &port);
  if (text != nullptr) {
    if (const auto address = parse_ip(text)) return with_port(*address, static_cast<int>(port));
  }
  return dialled_;
}

bool CurlRequest::refuses(const std::optional<IpAddress>& address) {
  if (!address) {
    blocked_ = "not an IPv4 or IPv6 address";
    return true;
  }
  if (guard_ == nullptr) return false;
  const auto reason = guard_->denied_because(*address);
  if (reason) blocked_ = to_string(*address) + ": " + std::string{*reason};
  return reason.has_value();
}

std::size_t CurlRequest::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  const std::size_t total = size * count;
  auto& response = static_cast<CurlRequest*>(self)->response_;
  return response.take_header_line({bytes, total}) ? total : 0;
}

std::size_t CurlRequest::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  const std::size_t total = size * count;
  auto& response = static_cast<CurlRequest*>(self)->response_;
  return response.take_body({bytes, total}) ? total : 0;
}

// Asked for every new connection, with the very address that connect() will get.
curl_socket_t CurlRequest::on_open_socket(void* self, curlsocktype purpose,
                                          curl_sockaddr* address) {
  auto& request = *static_cast<CurlRequest*>(self);
  const auto ip = address_of(&address->addr);
  if (purpose != CURLSOCKTYPE_IPCXN || request.refuses(ip)) return CURL_SOCKET_BAD;
  request.dialled_ = with_port(*ip, port_of(&address->addr));
  ++request.sockets_opened_;
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened >= 0) request.pool_->opened();
  return opened;
}

// Also for sockets whose request ended long ago, so it knows the pool alone.
int CurlRequest::on_close_socket(void* pool, curl_socket_t socket) {
  static_cast<HostPool*>(pool)->closed();
  return close(socket);
}

// Asked for every request, also one on a connection that was opened under another
// policy: on_open_socket() is not called for those (reliability.md 0.6).
int CurlRequest::on_request(void* self, char* remote_address, char* /*local_address*/,
                            int /*remote_port*/, int /*local_port*/) {
  auto& request = *static_cast<CurlRequest*>(self);
  const auto ip = parse_ip(remote_address == nullptr ? "" : remote_address);
  if (request.refuses(ip)) return CURL_PREREQFUNC_ABORT;
  request.pool_->connected = true;
  return CURL_PREREQFUNC_OK;
}

}  // namespace webhookcore

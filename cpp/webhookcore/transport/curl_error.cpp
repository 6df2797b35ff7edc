#include "webhookcore/transport/curl_error.h"

namespace webhookcore {
namespace {

bool is_tls(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return true;
    default:
      return false;
  }
}

// In TLS 1.3 a receiver refuses the client's certificate after the handshake, in what
// libcurl takes for a failed read: "OpenSSL SSL_read: … alert certificate required, …".
bool is_tls_alert(std::string_view told) {
  return told.starts_with("OpenSSL SSL_") && told.find(" alert ") != std::string_view::npos;
}

}  // namespace

TransportError classify(CURLcode code, bool request_sent, std::string_view told) {
  if (is_tls(code) || is_tls_alert(told)) return TransportError::tls;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return TransportError::dns;
    case CURLE_OPERATION_TIMEDOUT:
      return TransportError::timeout;
    case CURLE_URL_MALFORMAT:
      return TransportError::invalid_url;
    case CURLE_OK:                    // Ended, yet without a final head.
    case CURLE_UNSUPPORTED_PROTOCOL:  // Garbage, or HTTP/0.9; never a URL's scheme here.
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR:    // Our own caps.
    case CURLE_OUT_OF_MEMORY:  // A header line of more than 100 KiB, says 7.88.
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_FILESIZE_EXCEEDED:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
      return TransportError::bad_response;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
      return TransportError::connect;
    default:  // Send and receive errors, an empty reply, a reset or unfinished stream,
              // a receiver that went away (GOAWAY).
      return request_sent ? TransportError::reset : TransportError::connect;
  }
}

std::string_view text_of(CURLcode code, bool response_began) {
  if (code == CURLE_OK) return "the response ended before its head was whole";
  // 7.88 says so of the buffer that it keeps a line in, and of nothing else while it reads.
  if (code == CURLE_OUT_OF_MEMORY && response_began) {
    return "a response header line is longer than 100 KiB";
  }
#if LIBCURL_VERSION_NUM >= 0x080600
  if (code == CURLE_TOO_LARGE) return "a response header line is longer than 100 KiB";
#endif
  // What 7.88 says of streams on a connection whose receiver has said goodbye.
  if (code == CURLE_HTTP2) return "the HTTP/2 connection ended before the answer";
  return curl_easy_strerror(code);
}

std::string error_text(std::string_view text) {
  std::string clean{text.substr(0, 200)};
  for (char& byte : clean) {
    if (byte < 0x20 || byte > 0x7e) byte = '?';
  }
  return clean;
}

}  // namespace webhookcore

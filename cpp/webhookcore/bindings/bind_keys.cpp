// Fetching of keys, and what is judged of a certificate before its key is believed; new keys
// for tests.
#include "webhookcore/bindings/bind_keys.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/crypto_certificates.h"
#include "webhookcore/base/crypto_generate.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/transport/fetch.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

std::vector<OwnedHeader> owned_headers(const py::object& headers) {
  HeaderViews views;
  if (!views.read(headers.ptr())) throw py::error_already_set();
  std::vector<OwnedHeader> owned;
  for (const Header& header : views.views()) {
    owned.push_back({std::string(header.name), std::string(header.value)});
  }
  return owned;
}

// (status, headers, body): the headers as pairs of bytes.
py::tuple fetch_whole(const std::string& url, const CurlOptions& transport,
                      const std::string& method, const py::object& headers, const py::bytes& body,
                      std::size_t max_bytes, double timeout) {
  HttpAttempt attempt;
  attempt.url = url;
  attempt.method = method;
  attempt.headers = owned_headers(headers);
  attempt.body = std::make_shared<const std::string>(body);
  attempt.timeout = Duration{unwrap(seconds_to_ms(timeout, "timeout"))};
  attempt.connect_timeout = attempt.timeout;
  auto response = unwrap([&] {
    const ReleasedGil unlocked;
    return fetch(transport, std::move(attempt), max_bytes);
  }());
  py::list pairs;
  for (const OwnedHeader& header : response.headers) {
    pairs.append(py::make_tuple(py::bytes(header.name), py::bytes(header.value)));
  }
  return py::make_tuple(response.status, std::move(pairs), py::bytes(response.body));
}

// (names, not before, not after) in Unix milliseconds.
py::tuple certificate_facts(const py::object& pem) {
  const auto facts = unwrap(read_certificate(text_bytes(pem)));
  return py::make_tuple(facts.names, to_unix_ms(facts.not_before), to_unix_ms(facts.not_after));
}

void check_certificate_chain(const py::object& pem, const py::bytes& authorities, double now) {
  const std::string text = text_bytes(pem);
  const auto bundle = static_cast<std::string>(authorities);
  const TimePoint at = from_unix_ms(unwrap(seconds_to_ms(now, "now")));
  unwrap([&] {
    const ReleasedGil unlocked;
    return check_chain(text, bundle, at);
  }());
}

// (private, public) as PEM. `kind` is one of the words below; anything else is a ConfigError.
std::pair<std::string, std::string> new_pem_pair(const std::string& kind) {
  KeyType type = KeyType::ed25519;
  if (kind == "rsa") {
    type = KeyType::rsa;
  } else if (kind == "ec-p256") {
    type = KeyType::ec_p256;
  } else if (kind != "ed25519") {
    raise(Error{ErrorCode::config, "must be ed25519, ec-p256 or rsa", "kind"});
  }
  PemPair pair = unwrap([&] {
    const ReleasedGil unlocked;
    return generate_pem_pair(type);
  }());
  return {std::move(pair.private_key), std::move(pair.public_key)};
}

}  // namespace

void register_keys(py::module_& module) {
  module.def("fetch", &fetch_whole, "url"_a, py::kw_only(), "transport"_a, "method"_a, "headers"_a,
             "body"_a, "max_bytes"_a, "timeout"_a);
  module.def("read_certificate", &certificate_facts, "pem"_a);
  module.def("generate_pem_pair", &new_pem_pair, "kind"_a);
  module.def("check_chain", &check_certificate_chain, "pem"_a, "authorities"_a, "now"_a);
}

}  // namespace webhookcore

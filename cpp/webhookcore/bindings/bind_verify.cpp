// Signing, keys, schemes and a look into JSON. Verification itself is in
// verifier_type.cpp.
#include "webhookcore/bindings/bind_verify.h"

#include <pybind11/stl.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/id.h"
#include "webhookcore/base/random.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/event_type.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/scheme_convert.h"
#include "webhookcore/bindings/scheme_object.h"
#include "webhookcore/bindings/verifier_type.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/scheme_text.h"
#include "webhookcore/core/signer.h"
#include "webhookcore/core/special/key_reference.h"

namespace webhookcore {

namespace {

SchemeObject scheme_named(const std::string& name) {
  if (is_scheme_text(name)) return {unwrap(scheme_of(name))};
  auto scheme = find_scheme(name);
  if (!scheme) raise({ErrorCode::config, "unknown scheme \"" + name + "\"", "scheme"});
  return {std::move(scheme)};
}

SchemeObject make_scheme(const py::dict& fields) {
  return {std::make_shared<const Scheme>(scheme_from_dict(fields))};
}

py::str latin1(const std::string& bytes) {
  auto text = py::reinterpret_steal<py::str>(
      PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "strict"));
  if (!text) throw py::error_already_set();
  return text;
}

std::vector<SigningKey> signing_keys(const Scheme& scheme, const std::vector<py::object>& secrets) {
  std::vector<SigningKey> keys;
  for (const py::object& secret : secrets) {
    std::string text = text_bytes(secret);
    auto key = parse_signing_key(scheme, text);
    wipe(text);
    keys.push_back(unwrap(std::move(key)));
  }
  return keys;
}

// (headers, body): the body is None where it stays as it is.
py::tuple sign_request(const SchemeObject& object, const std::vector<py::object>& secrets,
                       const py::bytes& body, const std::string& id, const std::string& type,
                       double timestamp, const py::object& url, const std::string& method,
                       const std::string& content_type, const py::object& headers) {
  const Scheme& scheme = *object.scheme;
  const auto keys = signing_keys(scheme, secrets);
  const std::string url_bytes = url.is_none() ? std::string() : text_bytes(url);
  HeaderViews others;
  if (!others.read(headers.ptr())) throw py::error_already_set();
  others.own();
  const SigningRequest request{
      .body = std::string_view(body),
      .id = id,
      .type = type,
      .timestamp = from_unix_ms(unwrap(seconds_to_ms(timestamp, "timestamp"))),
      .url = url_bytes,
      .method = method,
      .content_type = content_type,
      .headers = others.views()};
  const auto message = unwrap([&] {
    const ReleasedGil unlocked;
    return sign_message(scheme, keys, request);
  }());
  py::dict result;
  for (const OwnedHeader& header : message.headers) {
    result[latin1(header.name)] = latin1(header.value);
  }
  py::object signed_body = py::none();
  if (message.body) signed_body = py::bytes(*message.body);
  return py::make_tuple(std::move(result), std::move(signed_body));
}

// For each path the text, or None. Text that is no valid UTF-8 cannot come out: the
// JSON parser has refused it.
std::vector<std::optional<std::string>> event_fields(const py::bytes& body,
                                                     const std::vector<std::string>& paths) {
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  return find_event_fields(std::string_view(body), views);
}

std::optional<std::string> other_member(const py::bytes& body, const std::string& beside) {
  return first_other_member(std::string_view(body), beside);
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const Scheme& scheme : built_in_schemes()) names.push_back(scheme.name);
  return names;
}

std::string new_secret() {
  SystemRandom random;
  return generate_secret(random);
}

std::pair<std::string, std::string> new_keypair() {
  SystemRandom random;
  KeypairText pair = unwrap(generate_keypair(random));
  return {std::move(pair.signing_key), std::move(pair.verification_key)};
}

// Raises ConfigError when the secret cannot sign for the scheme.
void check_signing_secret(const std::string& scheme_name, const py::object& secret) {
  (void)signing_keys(*scheme_named(scheme_name).scheme, {secret});
}

// Seconds that `rounds` MACs of a pre-keyed context take: the floor that
// `bench verify` compares with.
double bench_hmac(const py::bytes& key, const py::bytes& body, int rounds) {
  const HmacKey hmac = unwrap(HmacKey::create(Hash::sha256, std::string_view(key)));
  const std::string_view pieces[] = {std::string_view(body)};
  const auto start = std::chrono::steady_clock::now();
  volatile char sink = 0;
  for (int i = 0; i < rounds; ++i) sink = hmac.mac(pieces).bytes[0];
  (void)sink;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void register_verify(py::module_& module) {
  register_event_type(module);
  register_verifier_type(module);
  module.def("sign", &sign_request, py::kw_only(), py::arg("scheme"), py::arg("secrets"),
             py::arg("body"), py::arg("id"), py::arg("type"), py::arg("timestamp"), py::arg("url"),
             py::arg("method"), py::arg("content_type"), py::arg("headers"));
  module.def("event_fields", &event_fields, py::arg("body"), py::arg("paths"));
  module.def("first_other_member", &other_member, py::arg("body"), py::arg("beside"));
  module.def("scheme_names", &scheme_names);
  py::class_<SchemeObject>(module, "SchemeBase")
      .def("fields", [](const SchemeObject& object) { return to_dict(*object.scheme); })
      // The secret's text is the key, however short.
      .def_property_readonly("key_source",
                             [](const SchemeObject& object) {
                               return std::string(to_string(key_source(*object.scheme)));
                             })
      .def("text", [](const SchemeObject& object) { return to_scheme_text(*object.scheme); })
      .def_property_readonly("has_text_key", [](const SchemeObject& object) {
        return object.scheme->key.form == KeyForm::utf8;
      });
  module.def("find_scheme", &scheme_named, py::arg("name"));
  module.def("make_scheme", &make_scheme, py::arg("fields"));
  module.def("generate_secret", &new_secret);
  module.def("generate_keypair", &new_keypair);
  module.def("check_signing_secret", &check_signing_secret, py::arg("scheme"), py::arg("secret"));
  module.def(
      "make_id",
      [](const std::string& prefix) {
        SystemRandom random;
        return make_id(prefix, SystemClock{}.now(), random);
      },
      py::arg("prefix"));
  module.def("bench_hmac", &bench_hmac, py::arg("key"), py::arg("body"), py::arg("rounds"));
}

}  // namespace webhookcore

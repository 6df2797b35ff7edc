// A request of any shape, for any scheme: the verdict is an acceptance or a refusal
// with a reason, and asking for the hint is safe.
#include <memory>
#include <vector>

#include "fuzz_input.h"
#include "webhookcore/core/hint.h"
#include "webhookcore/core/verifier.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

namespace {

// Public keys that nobody has the other half of.
constexpr const char* kPublicKeys[] = {
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP/UuiVanTHJYet0xjVtaMBJuJI7YfpsLT9tN9Bl"
    "2R9k8k8tTFBRIZ3bQE3tJzCwUGTxRaFRhMiGyXFJ8mZPyA==",
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
    "-----END PUBLIC KEY-----\n"};

Result<Verifier> make(const std::shared_ptr<const Scheme>& scheme, std::string_view secret) {
  return Verifier::create(scheme, std::span(&secret, 1), std::nullopt);
}

// Of one scheme; nullptr where none of our keys is of its kind.
std::unique_ptr<Verifier> verifier_of(const Scheme& row) {
  Scheme known = row;
  for (const std::string& name : row.needs) known.settings.push_back({name, "value"});
  const auto scheme = std::make_shared<const Scheme>(std::move(known));
  const std::string hex(64, '1');
  std::vector<std::string> texts{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", hex};
  texts.insert(texts.end(), std::begin(kPublicKeys), std::end(kPublicKeys));
  for (const std::string& text : texts) {
    auto verifier = make(scheme, text);
    if (verifier) return std::make_unique<Verifier>(std::move(*verifier));
  }
  return nullptr;
}

const std::vector<std::unique_ptr<Verifier>>& verifiers() {
  static const auto all = [] {
    std::vector<std::unique_ptr<Verifier>> made;
    for (const Scheme& scheme : built_in_schemes()) made.push_back(verifier_of(scheme));
    return made;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = as_text(data, size);
  const auto& verifier = verifiers()[take_number(bytes, verifiers().size())];
  if (!verifier) return 0;
  const std::string_view url = take_line(bytes);
  const std::vector<Header> headers = take_headers(bytes);
  const SignedRequest request{.body = bytes, .headers = headers, .url = url};
  const TimePoint now{std::chrono::seconds{1'700'000'000}};
  const Verdict verdict = verifier->verify(request, now);
  if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
    require(!to_string(refusal->reason).empty());
    (void)explain(*verifier, request, *refusal, now);
  }
  return 0;
}

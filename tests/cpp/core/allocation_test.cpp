// Counts what the calling thread asks of operator new, to hold verify() to its
// promise. OpenSSL's own malloc() is not seen.
#include <cstdlib>
#include <new>

#include "catch.h"
#include "core/signing_tools.h"

// The sanitizers bring an operator new of their own, which must stay.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
thread_local long allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace webhookcore;
using namespace webhookcore::test;

TEST_CASE("verifying an ordinary request allocates nothing") {
  const std::string body(1000, 'x');
  for (const Scheme& scheme : body_mac_schemes()) {
    if (requires_url(scheme)) continue;
    CAPTURE(scheme.name);
    const std::vector<std::string> secrets{secret_for(scheme, 1), secret_for(scheme, 2)};
    const auto headers =
        sign_with(scheme, secrets, {.body = body, .id = "msg_1", .timestamp = kNow});
    const auto views = views_of(headers);
    const Verifier verifier = make_verifier(find_scheme(scheme.name), secrets);
    const SignedRequest request{.body = body, .headers = views};
    REQUIRE(outcome(verifier.verify(request, kNow)) == "ok");
    const long before = allocations;
    const Verdict verdict = verifier.verify(request, kNow);
    const long after = allocations;
    CHECK(std::holds_alternative<Accepted>(verdict));
    CHECK(after == before);
  }
}

#endif

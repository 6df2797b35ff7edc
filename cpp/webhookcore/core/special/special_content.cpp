#include "webhookcore/core/special/special_content.h"

#include <array>

#include "webhookcore/core/special/scheme_functions.h"

namespace webhookcore {
namespace {

struct Functions {
  SpecialContent special;
  SpecialReading (*read)(const Scheme&, const SignedRequest&, TimePoint);
  Result<SignedMessage> (*sign)(const Scheme&, const SigningRequest&, const SignContent&);
};

constexpr std::array kFunctions{
    Functions{SpecialContent::twilio, special::read_twilio, special::sign_twilio},
    Functions{SpecialContent::mailgun, special::read_mailgun, special::sign_mailgun},
    Functions{SpecialContent::adyen, special::read_adyen, special::sign_adyen},
    Functions{SpecialContent::aws_sns, special::read_aws_sns, special::sign_aws_sns},
    Functions{SpecialContent::paypal, special::read_paypal, special::sign_paypal},
    Functions{SpecialContent::hook0, special::read_hook0, special::sign_hook0},
    Functions{SpecialContent::jws, special::read_jws, special::sign_jws},
    Functions{SpecialContent::rfc9421, special::read_rfc9421, special::sign_rfc9421},
};

const Functions* functions_of(SpecialContent special) {
  for (const Functions& functions : kFunctions) {
    if (functions.special == special) return &functions;
  }
  return nullptr;
}

}  // namespace

SpecialReading read_special_content(const Scheme& scheme, const SignedRequest& request,
                                    TimePoint now) {
  const Functions* functions = functions_of(scheme.special);
  // Nothing of an ordinary scheme is found here, and so nothing of it is believed.
  if (functions == nullptr) return Refusal{Reason::unsupported_version};
  return functions->read(scheme, request, now);
}

Result<SignedMessage> sign_special_content(const Scheme& scheme, const SigningRequest& request,
                                           const SignContent& sign) {
  const Functions* functions = functions_of(scheme.special);
  if (functions == nullptr) {
    return Error{ErrorCode::config, "the scheme is signed by its row alone", "scheme"};
  }
  return functions->sign(scheme, request, sign);
}

}  // namespace webhookcore

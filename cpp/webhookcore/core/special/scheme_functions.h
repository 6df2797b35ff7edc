// The two functions of each special scheme. What they do is said where they are.
#pragma once

#include "webhookcore/core/special/special_content.h"

namespace webhookcore::special {

SpecialReading read_twilio(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_mailgun(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_adyen(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_aws_sns(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_paypal(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_hook0(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_jws(const Scheme& scheme, const SignedRequest& request, TimePoint now);
SpecialReading read_rfc9421(const Scheme& scheme, const SignedRequest& request, TimePoint now);

Result<SignedMessage> sign_twilio(const Scheme& scheme, const SigningRequest& request,
                                  const SignContent& sign);
Result<SignedMessage> sign_mailgun(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign);
Result<SignedMessage> sign_adyen(const Scheme& scheme, const SigningRequest& request,
                                 const SignContent& sign);
Result<SignedMessage> sign_aws_sns(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign);
Result<SignedMessage> sign_paypal(const Scheme& scheme, const SigningRequest& request,
                                  const SignContent& sign);
Result<SignedMessage> sign_hook0(const Scheme& scheme, const SigningRequest& request,
                                 const SignContent& sign);
Result<SignedMessage> sign_jws(const Scheme& scheme, const SigningRequest& request,
                               const SignContent& sign);
Result<SignedMessage> sign_rfc9421(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign);

}  // namespace webhookcore::special

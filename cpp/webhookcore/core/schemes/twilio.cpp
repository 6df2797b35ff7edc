// Twilio signs the URL and the sorted form fields; twilio_content.cpp puts them together.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {

std::vector<Scheme> twilio() {
  return {{
      .name = "twilio",
      .versions = {{"", Algorithm::hmac_sha1}},
      .families = {{.signature = "X-Twilio-Signature"}},
      .format = {.encoding = SignatureEncoding::base64},
      .special = SpecialContent::twilio,
  }};
}

}  // namespace webhookcore::schemes

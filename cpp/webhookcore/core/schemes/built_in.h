// The built-in rows, one function for each section of the table in schemes.md and in
// its order. A new provider is a row in one of these files.
#pragma once

#include <string>
#include <vector>

#include "webhookcore/core/scheme.h"

namespace webhookcore::schemes {

std::vector<Scheme> timestamped();  // A MAC or signature over a time and the body.
std::vector<Scheme> body_mac();     // A MAC of the body alone.
std::vector<Scheme> token();        // Nothing is signed; the header is a secret.
std::vector<Scheme> special();      // What no row can say.

// ---- What rows are made of -----------------------------------------------------------

// The segments of a template that is written in this program; ends the process if it
// is none.
std::vector<Segment> content(std::string_view text);

// One signature in one header.
SignatureFormat hex(std::string prefix = {});
SignatureFormat base64(std::string prefix = {});

// `t=1700000000,v1=5257a8…`: the time and the signatures in one header.
SignatureFormat list(std::string timestamp_tag, char item_separator = ',');

std::vector<Version> only(Algorithm algorithm);
std::vector<Version> tagged(std::string tag, Algorithm algorithm = Algorithm::hmac_sha256);

}  // namespace webhookcore::schemes

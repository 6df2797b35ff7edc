// Which URLs in a message of AWS SNS are believed to lead to AWS.
#pragma once

#include <string_view>

namespace webhookcore {

// https, a host `sns.<region>.amazonaws.com` or `….com.cn`, no user, port or fragment,
// visible ASCII. A suffix alone would let any S3 bucket in.
bool is_sns_url(std::string_view url);

// The same, to a `.pem` file and without a query.
bool is_sns_certificate_url(std::string_view url);

}  // namespace webhookcore

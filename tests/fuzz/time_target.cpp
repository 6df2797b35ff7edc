// A time of any shape: what is read can be written, and is read again as the same.
#include "fuzz_input.h"
#include "webhookcore/core/http_date.h"
#include "webhookcore/core/outcome.h"
#include "webhookcore/core/timestamp.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const TimePoint now{std::chrono::seconds{1'700'000'000}};
  for (const auto form :
       {TimestampForm::seconds, TimestampForm::milliseconds, TimestampForm::seconds_or_iso8601,
        TimestampForm::iso8601, TimestampForm::http_date}) {
    const auto at = parse_timestamp(form, text);
    const auto written = at ? format_timestamp(form, *at) : std::nullopt;
    if (!written) continue;
    const auto again = parse_timestamp(form, *written);
    require(again && std::chrono::abs(*again - *at) < std::chrono::seconds{1});
  }
  (void)parse_http_date(text, now);
  const auto wait = parse_retry_after(text, now);
  require(!wait || *wait >= Duration::zero());
  return 0;
}

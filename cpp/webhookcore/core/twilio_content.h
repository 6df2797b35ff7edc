// What Twilio signs: the URL and then each form field, sorted by name, each name
// with its values, sorted and each once. A JSON body is covered by its SHA-256
// in the URL's query (`bodySHA256`) instead.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace webhookcore {

struct TwilioRequest {
  std::string_view url;
  std::string_view body;
  std::string_view content_type;
  bool honours_body_hash = true;  // False for Mandrill, which knows no bodySHA256.
};

class TwilioContent {
 public:
  // Twilio signs sometimes with and sometimes without the port, so a receiver
  // tries the URL as given, without a port, and with the default one.
  static constexpr std::size_t kVariants = 3;

  // nullopt when nothing would sign the body: it is neither empty, nor a form,
  // nor covered by bodySHA256. Views into the request.
  static std::optional<TwilioContent> of(const TwilioRequest& request);

  // The pieces for one spelling of the URL; 0 is the URL as given. No byte of
  // it is decoded or encoded on the way: user and password stay.
  std::array<std::string_view, 4> pieces(std::size_t variant) const;

  // The URL names the body's hash and it is another one.
  bool body_differs() const;

 private:
  explicit TwilioContent(const TwilioRequest& request);

  // The URL cut at its port: `https://host` `:8443` `/path`.
  std::string_view before_port_;
  std::string_view port_;
  std::string_view after_port_;
  std::string_view default_port_;
  std::string_view body_;
  std::string fields_;
  std::optional<std::string> body_sha256_;
};

}  // namespace webhookcore

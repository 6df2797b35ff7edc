// Adyen signs each item of a notification by itself, over eight of its fields, and puts
// the signature into the item. A body may also be one item, without the envelope.
#include <array>
#include <utility>

#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/special/json_edit.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kItems = "notificationItems";
constexpr std::size_t kSignedFields = 8;
constexpr std::size_t kSignature = kSignedFields;  // Its place among the paths.

using Paths = std::array<std::string_view, kSignedFields + 1>;
constexpr Paths kBarePaths{
    "pspReference",      "originalReference", "merchantAccountCode",
    "merchantReference", "amount.value",      "amount.currency",
    "eventCode",         "success",           "additionalData.hmacSignature"};
constexpr Paths kItemPaths{"NotificationRequestItem.pspReference",
                           "NotificationRequestItem.originalReference",
                           "NotificationRequestItem.merchantAccountCode",
                           "NotificationRequestItem.merchantReference",
                           "NotificationRequestItem.amount.value",
                           "NotificationRequestItem.amount.currency",
                           "NotificationRequestItem.eventCode",
                           "NotificationRequestItem.success",
                           "NotificationRequestItem.additionalData.hmacSignature"};

// One more than are allowed, so that too many can be told. Empty: no items at all.
std::vector<EventFields> find_notifications(std::string_view body) {
  if (has_event_field(body, kItems)) {
    return find_in_items(body, kItems, kItemPaths, kMaxSignatures + 1)
        .value_or(std::vector<EventFields>());
  }
  if (!is_json_object(body)) return {};
  EventFields item = find_event_fields(body, kBarePaths);
  for (std::size_t i = 0; i < kSignedFields; ++i) {
    if (!item[i] && has_event_field(body, kBarePaths[i])) return {};
  }
  return {std::move(item)};
}

// A field that is not there is an empty text, and a colon in one is not escaped.
std::string content_of(const EventFields& item) {
  std::string content;
  for (std::size_t i = 0; i < kSignedFields; ++i) {
    if (i > 0) content.push_back(':');
    content.append(item[i].value_or(""));
  }
  return content;
}

// Puts the signature into additionalData, which is made where there is none.
void insert_signature(std::string& body, JsonSpan item, const std::string& quoted) {
  const auto data = find_member(body, item, "additionalData");
  if (data && body[data->begin] == '{') {
    set_member(body, *data, "hmacSignature", quoted);
  } else {
    set_member(body, item, "additionalData", R"({"hmacSignature":)" + quoted + "}");
  }
}

// Where the items' own objects stand; nullopt for an item without one.
std::optional<std::vector<JsonSpan>> find_objects(std::string_view body) {
  const auto items = find_member(body, whole_value(body), kItems);
  if (!items) return std::vector<JsonSpan>{whole_value(body)};
  std::vector<JsonSpan> objects;
  for (const JsonSpan& item : find_items(body, *items)) {
    const auto object = find_member(body, item, "NotificationRequestItem");
    if (!object || body[object->begin] != '{') return std::nullopt;
    objects.push_back(*object);
  }
  return objects;
}

}  // namespace

SpecialReading read_adyen(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  const auto items = find_notifications(request.body);
  if (items.empty()) return Refusal{Reason::malformed_body};
  if (items.size() > kMaxSignatures) return Refusal{Reason::too_many_signatures};
  const Algorithm algorithm = scheme.versions.front().algorithm;
  SpecialContentRead read;
  for (const EventFields& item : items) {
    if (item.empty() || !item[kSignature]) return Refusal{Reason::malformed_body};
    auto signature = decode_signature(scheme.format.encoding, algorithm, *item[kSignature]);
    if (!signature) return Refusal{Reason::malformed_signature};
    read.parts.push_back({{content_of(item)}, algorithm, std::move(*signature)});
  }
  return read;
}

Result<SignedMessage> sign_adyen(const Scheme& scheme, const SigningRequest& request,
                                 const SignContent& sign) {
  const auto items = find_notifications(request.body);
  std::string body(request.body);
  const auto objects = find_objects(body);
  if (items.empty() || items.size() > kMaxSignatures || !objects ||
      objects->size() != items.size()) {
    return refused("body", "this scheme signs the items of a JSON object, at most 64");
  }
  // From the last to the first, so that the places of those before do not move.
  for (std::size_t i = items.size(); i-- > 0;) {
    const auto signature = sign(scheme.versions.front().algorithm, content_of(items[i]));
    if (!signature) return signature.error();
    insert_signature(body, (*objects)[i],
                     quote_json(encode_signature(scheme.format.encoding, *signature)));
  }
  return SignedMessage{.body = std::move(body)};
}

}  // namespace webhookcore::special

#include "webhookcore/store/sqlite/endpoint_directory.h"

#include <utility>

#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

std::string scope_of(const std::optional<std::string>& tenant) {
  return tenant ? "t" + *tenant : std::string();
}

Result<void> EndpointDirectory::refresh(Connection& connection, std::int64_t version) {
  if (version == version_) return {};
  version_ = -1;
  by_scope_.clear();
  auto query = connection.query(
      "SELECT key, tenant, events, channels, fifo FROM endpoints WHERE state = ? ORDER BY key",
      code_of(EndpointCode::enabled));
  auto read = query.each([&]() -> Result<void> {
    auto patterns = decode_list(query.view(2));
    auto channels = decode_list(query.view(3));
    if (!patterns || !channels) return damaged("list of event patterns");
    by_scope_[scope_of(query.optional_text(1))].push_back(
        {{query.integer(0), query.integer(4) != 0}, std::move(*patterns), std::move(*channels)});
    return {};
  });
  if (read) version_ = version;
  return read;
}

std::vector<EndpointDirectory::Subscriber> EndpointDirectory::subscribers(
    const Message& message) const {
  std::vector<Subscriber> subscribers;
  const auto found = by_scope_.find(scope_of(message.tenant));
  if (found == by_scope_.end()) return subscribers;
  for (const Entry& entry : found->second) {
    if (wants({entry.patterns, entry.channels}, message.type, message.channels)) {
      subscribers.push_back(entry.subscriber);
    }
  }
  return subscribers;
}

}  // namespace webhookcore::sqlite

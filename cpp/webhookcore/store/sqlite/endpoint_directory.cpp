#include "webhookcore/store/sqlite/endpoint_directory.h"

#include <algorithm>
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
      "SELECT key, tenant, events, fifo FROM endpoints WHERE state = ? ORDER BY key",
      code_of(EndpointCode::enabled));
  auto read = query.each([&]() -> Result<void> {
    auto patterns = decode_list(query.view(2));
    if (!patterns) return damaged("list of event patterns");
    by_scope_[scope_of(query.optional_text(1))].push_back(
        {{query.integer(0), query.integer(3) != 0}, std::move(*patterns)});
    return {};
  });
  if (read) version_ = version;
  return read;
}

std::vector<EndpointDirectory::Subscriber> EndpointDirectory::subscribers(
    const std::optional<std::string>& tenant, std::string_view type) const {
  std::vector<Subscriber> subscribers;
  const auto found = by_scope_.find(scope_of(tenant));
  if (found == by_scope_.end()) return subscribers;
  for (const Entry& entry : found->second) {
    const bool subscribed = std::any_of(
        entry.patterns.begin(), entry.patterns.end(),
        [&](const std::string& pattern) { return matches_event_pattern(pattern, type); });
    if (subscribed) subscribers.push_back(entry.subscriber);
  }
  return subscribers;
}

}  // namespace webhookcore::sqlite

#include "webhookcore/store/sqlite/endpoint_rows.h"

#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/bytes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

namespace {

// Digits of a time or span in milliseconds: until the year 33658.
constexpr int kMsDigits = 15;

// Three items for each: text, created_at, expires_at or nothing.
std::string encode_secrets(const std::vector<EndpointSecret>& secrets) {
  std::vector<std::string> items;
  for (const EndpointSecret& secret : secrets) {
    items.emplace_back(secret.text.reveal());
    items.push_back(std::to_string(to_unix_ms(secret.created_at)));
    items.push_back(secret.expires_at ? std::to_string(to_unix_ms(*secret.expires_at)) : "");
  }
  std::string encoded = encode_list(items);
  for (std::string& item : items) wipe(item);
  return encoded;
}

std::optional<std::vector<EndpointSecret>> decode_secrets(std::string_view text) {
  auto items = decode_list(text);
  if (!items || items->size() % 3 != 0) return std::nullopt;
  std::vector<EndpointSecret> secrets;
  for (std::size_t i = 0; i < items->size(); i += 3) {
    const auto created = parse_decimal((*items)[i + 1], kMsDigits);
    const auto expires = parse_decimal((*items)[i + 2], kMsDigits);
    if (!created || (!expires && !(*items)[i + 2].empty())) return std::nullopt;
    EndpointSecret secret{Secret((*items)[i]), from_unix_ms(*created)};
    if (expires) secret.expires_at = from_unix_ms(*expires);
    secrets.push_back(std::move(secret));
    wipe((*items)[i]);
  }
  return secrets;
}

std::string encode_schedule(const std::vector<Duration>& schedule) {
  std::vector<std::string> items;
  for (const Duration wait : schedule) items.push_back(std::to_string(wait.count()));
  return encode_list(items);
}

std::optional<std::vector<Duration>> decode_schedule(std::string_view text) {
  const auto items = decode_list(text);
  if (!items) return std::nullopt;
  std::vector<Duration> schedule;
  for (const std::string& item : *items) {
    const auto ms = parse_decimal(item, kMsDigits);
    if (!ms) return std::nullopt;
    schedule.emplace_back(*ms);
  }
  return schedule;
}

// What `decode` makes of a sealed column; nullopt for what it cannot read.
template <typename Decode>
auto open_column(const Sealer& sealer, const Query& query, std::string_view column, int at,
                 Decode decode) -> Result<decltype(decode(std::string_view()))> {
  auto text = sealer.open(query.view(0), column, query.view(at));
  if (!text) return text.error();
  auto decoded = decode(*text);
  wipe(*text);
  return decoded;
}

}  // namespace

Result<Endpoint> read_endpoint(const Query& query, const Sealer& sealer) {
  auto opened_secrets = open_column(sealer, query, kSecretsColumn, 7, decode_secrets);
  if (!opened_secrets) return opened_secrets.error();
  auto opened_headers = open_column(sealer, query, kHeadersColumn, 8, decode_headers);
  if (!opened_headers) return opened_headers.error();
  if (!*opened_secrets || !*opened_headers) return damaged("endpoint");
  auto endpoint = read_unsealed_part(query);
  if (!endpoint) return endpoint;
  endpoint->secrets = std::move(**opened_secrets);
  endpoint->headers = std::move(**opened_headers);
  endpoint->unreadable = false;
  return endpoint;
}

Result<Endpoint> read_unsealed_part(const Query& query) {
  auto events = decode_list(query.view(5));
  auto schemes = decode_list(query.view(6));
  auto schedule = decode_schedule(query.view(9));
  auto channels = decode_list(query.view(21));
  const auto state = value_of(query.integer(17), EndpointState::disabled);
  const auto client_errors = value_of(query.integer(22), ClientErrors::retry);
  if (!events || !channels || !schemes || !schedule || !state || !client_errors) {
    return damaged("endpoint");
  }
  Endpoint endpoint;
  endpoint.id = query.text(0);
  endpoint.tenant = query.optional_text(1);
  endpoint.uid = query.optional_text(2);
  endpoint.url = query.text(3);
  endpoint.description = query.text(4);
  endpoint.events = std::move(*events);
  endpoint.channels = std::move(*channels);
  endpoint.schemes = std::move(*schemes);
  endpoint.retry_schedule = std::move(*schedule);
  endpoint.retry_jitter = query.real(10);
  endpoint.max_attempts = query.optional_int(11);
  endpoint.timeout = query.duration(12);
  if (!query.is_null(13)) endpoint.rate_limit_per_second = query.real(13);
  endpoint.fifo = query.integer(14) != 0;
  endpoint.breaker_failures = query.optional_int(15);
  endpoint.breaker_open_for = query.optional_duration(16);
  endpoint.state = *state;
  endpoint.disabled_reason = query.text(18);
  endpoint.created_at = query.time(19);
  endpoint.updated_at = query.time(20);
  endpoint.client_errors = *client_errors;
  endpoint.unreadable = true;
  return endpoint;
}

Result<void> insert_endpoint(Connection& connection, const Sealer& sealer,
                             const Endpoint& endpoint) {
  auto query = connection.query(
      "INSERT INTO endpoints (id, created_at, tenant, uid, url, description, events, channels,"
      " schemes, secrets, headers, retry_schedule, retry_jitter, timeout_ms, fifo, client_errors,"
      " state, disabled_reason, updated_at)"
      " VALUES (?, ?, NULL, NULL, '', '', x'', x'', x'', x'', x'', x'', 0, 0, 0, 0, ?, '', 0)",
      endpoint.id, endpoint.created_at, code_of(EndpointCode::deleted));
  if (auto done = query.run(); !done) {
    if (done.error().code != ErrorCode::conflict) return done;
    return Error{ErrorCode::conflict, "there is an endpoint " + endpoint.id};
  }
  auto key = connection.query("SELECT key FROM endpoints WHERE id = ?", endpoint.id);
  const auto found = key.step();
  if (!found) return found.error();
  return overwrite_endpoint(connection, sealer, key.integer(0), endpoint, endpoint.updated_at);
}

Result<void> overwrite_endpoint(Connection& connection, const Sealer& sealer, std::int64_t key,
                                const Endpoint& endpoint, TimePoint updated_at) {
  if (auto noted = sealer.note_key(connection); !noted) return noted;
  std::string plain = encode_secrets(endpoint.secrets);
  std::string secrets = sealer.seal(endpoint.id, kSecretsColumn, plain);
  wipe(plain);
  plain = encode_headers(endpoint.headers);
  const std::string headers = sealer.seal(endpoint.id, kHeadersColumn, plain);
  wipe(plain);
  auto query = connection.query(
      "UPDATE endpoints SET tenant = ?, uid = ?, url = ?, description = ?, events = ?,"
      " channels = ?, schemes = ?, secrets = ?, headers = ?, retry_schedule = ?, retry_jitter = ?,"
      " max_attempts = ?, timeout_ms = ?, rate_limit = ?, fifo = ?, breaker_failures = ?,"
      " breaker_open_for_ms = ?, client_errors = ?, state = ?, disabled_reason = ?, updated_at = ? "
      "WHERE key = ?",
      endpoint.tenant, endpoint.uid, endpoint.url, endpoint.description,
      Blob{encode_list(endpoint.events)}, Blob{encode_list(endpoint.channels)},
      Blob{encode_list(endpoint.schemes)}, Borrowed{secrets}, Borrowed{headers},
      Blob{encode_schedule(endpoint.retry_schedule)}, endpoint.retry_jitter, endpoint.max_attempts,
      endpoint.timeout, endpoint.rate_limit_per_second, endpoint.fifo, endpoint.breaker_failures,
      endpoint.breaker_open_for, code_of(endpoint.client_errors), code_of(endpoint.state),
      endpoint.disabled_reason, updated_at, key);
  auto done = query.run();
  wipe(secrets);
  if (done || done.error().code != ErrorCode::conflict) return done;
  return Error{ErrorCode::conflict, "the tenant has another endpoint of that uid", "uid"};
}

Result<std::optional<EndpointPlace>> find_endpoint(Connection& connection, std::string_view id) {
  auto query =
      connection.query("SELECT key, state, updated_at, fifo FROM endpoints WHERE id = ?", id);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<EndpointPlace>();
  const auto state = value_of(query.integer(1), EndpointCode::deleted);
  if (!state) return damaged("state of an endpoint");
  if (*state == EndpointCode::deleted) return std::optional<EndpointPlace>();
  return std::optional(
      EndpointPlace{query.integer(0), *state, query.time(2), query.integer(3) != 0});
}

}  // namespace webhookcore::sqlite

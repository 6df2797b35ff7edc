-- Times are Unix milliseconds. Numbers that stand for a state are fixed in codes.h;
-- outcomes and errors stand by their names.
-- Lists (patterns, headers, secrets) are netstrings, which hold any byte: text_list.h.

CREATE TABLE store_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  endpoints_version INTEGER NOT NULL,   -- A fresh random number after every change of an endpoint.
  event_types_version INTEGER NOT NULL, -- The same of an event type; 0 while there is none.
  last_late_key INTEGER NOT NULL,       -- The highest key of a late delivery, or 0.
  noted_at INTEGER NOT NULL,            -- Once a minute, by whoever delivers.
  busy_until INTEGER NOT NULL           -- Until then deliveries come back that lacked room.
) STRICT;
INSERT INTO store_state (id, endpoints_version, event_types_version, last_late_key, noted_at,
  busy_until) VALUES (1, 1, 0, 0, 0, 0);

-- The keys that columns are sealed with (secrets at rest); empty when all is plain. `proof`
-- is a known text sealed with the key, so that a wrong one is told when the file is opened.
CREATE TABLE seal_keys (
  id TEXT PRIMARY KEY,
  proof BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The catalogue, one for all tenants.
CREATE TABLE event_types (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  schema TEXT NOT NULL,       -- JSON; '' for any data.
  archived INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A deleted endpoint keeps its row, emptied, because deliveries point at it.
CREATE TABLE endpoints (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT,
  uid TEXT,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  events BLOB NOT NULL,
  channels BLOB NOT NULL,
  schemes BLOB NOT NULL,
  secrets BLOB NOT NULL,
  headers BLOB NOT NULL,
  retry_schedule BLOB NOT NULL,
  retry_jitter REAL NOT NULL,
  max_attempts INTEGER,
  timeout_ms INTEGER NOT NULL,
  rate_limit REAL,
  fifo INTEGER NOT NULL,
  breaker_failures INTEGER,
  breaker_open_for_ms INTEGER,
  client_errors INTEGER NOT NULL,  -- 0: a refusal is the end. 1: it is tried again.
  state INTEGER NOT NULL,
  disabled_reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
-- `scope` text: '' without a tenant, 't' and its name otherwise, since NULLs never collide.
CREATE UNIQUE INDEX endpoints_uid
  ON endpoints (coalesce('t' || tenant, ''), uid) WHERE uid IS NOT NULL;

-- Which messages were sent while an endpoint was disabled: those with keys above
-- `after_message`, up to `until_message` (NULL: it still is). What recover() goes by.
CREATE TABLE endpoint_pauses (
  endpoint INTEGER NOT NULL,
  after_message INTEGER NOT NULL,
  until_message INTEGER,
  began_at INTEGER NOT NULL,
  PRIMARY KEY (endpoint, after_message)
) STRICT, WITHOUT ROWID;

-- How an endpoint answers; a row for those that ever failed or were enabled again, and
-- written only when it changes.
CREATE TABLE endpoint_health (
  endpoint INTEGER PRIMARY KEY,
  failures_in_a_row INTEGER NOT NULL,
  open_until INTEGER,         -- While the breaker is open or half open,
  probe_at INTEGER,           -- and when what waits behind it may next try it.
  trips INTEGER NOT NULL,
  failing_since INTEGER,
  last_failure_at INTEGER,
  recovered_at INTEGER,
  epoch INTEGER NOT NULL
) STRICT;
CREATE INDEX endpoint_health_open ON endpoint_health (endpoint) WHERE open_until IS NOT NULL;

-- Never updated: a body is written once. Deliveries of message k have the keys
-- k + 1 … k + fan_out, so that no index is needed to find them, and the newest
-- message is the counter of both, with store_state.last_late_key. It must not be pruned.
CREATE TABLE messages (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT,
  type TEXT NOT NULL,
  content_type TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  fan_out INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  deliver_at INTEGER,         -- For the deliveries that recover() makes later.
  expires_at INTEGER,
  channels BLOB,              -- NULL for none.
  body BLOB NOT NULL
) STRICT;

-- What a tenant may take; '' is for each that has no row. NULL: no limit of that kind.
CREATE TABLE tenant_limits (
  tenant TEXT PRIMARY KEY,
  max_backlog INTEGER,
  sends_per_second REAL,
  max_endpoints INTEGER
) STRICT, WITHOUT ROWID;

-- The token bucket of a tenant that has a rate.
CREATE TABLE tenant_sends (
  tenant TEXT PRIMARY KEY,
  tokens REAL NOT NULL,
  filled_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The hot rows: narrow, and in the due index only while they can be claimed.
CREATE TABLE deliveries (
  key INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  state INTEGER NOT NULL,
  held INTEGER NOT NULL,      -- Pending, but 1: its endpoint is disabled; 2: not yet its turn;
                              -- 3: its breaker is open.
  fifo INTEGER NOT NULL,      -- 1: it stands in its endpoint's line, by its message.
  rank INTEGER NOT NULL,      -- 2 * priority, and 1 more after a failure; lower goes first.
  cause INTEGER NOT NULL,     -- What brings about the next attempt.
  attempts INTEGER NOT NULL,
  budget_used INTEGER NOT NULL,
  reaps INTEGER NOT NULL,
  next_attempt_at INTEGER,    -- While pending.
  expires_at INTEGER,
  owner INTEGER,              -- While in flight, these three.
  lease_token BLOB,
  lease_expires_at INTEGER,
  last_status INTEGER,
  last_error TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  replayed_at INTEGER,
  counted_tenant TEXT         -- Its tenant, where it counts for a max_backlog.
) STRICT;
CREATE INDEX deliveries_due ON deliveries (rank, next_attempt_at) WHERE state = 0 AND held = 0;
CREATE INDEX deliveries_held ON deliveries (endpoint) WHERE held = 1;
CREATE INDEX deliveries_line ON deliveries (endpoint, held, message) WHERE fifo = 1 AND state = 0;
CREATE INDEX deliveries_line_busy ON deliveries (endpoint) WHERE fifo = 1 AND state = 1;
CREATE INDEX deliveries_behind_breaker ON deliveries (endpoint) WHERE held = 3;
CREATE INDEX deliveries_in_flight ON deliveries (owner) WHERE state = 1;
CREATE INDEX deliveries_held_until ON deliveries (expires_at)
  WHERE state = 0 AND held <> 0 AND expires_at IS NOT NULL;
CREATE INDEX deliveries_counted ON deliveries (counted_tenant)
  WHERE state = 0 AND counted_tenant IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (key) WHERE state = 3;

-- Deliveries that recover() made for a message of the past. Their keys are not beside it. A
-- row stays when its delivery is deleted, so that the next recover() does not bring it back.
CREATE TABLE late_deliveries (
  message INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  PRIMARY KEY (message, endpoint)
) STRICT, WITHOUT ROWID;

-- Putting many dead letters back, a batch at a time: a batch and the place that it got to are
-- one transaction, so that whoever goes on replays nothing twice.
CREATE TABLE replay_jobs (
  key INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  tenant_given INTEGER NOT NULL,  -- The filter, down to `most`.
  tenant TEXT,
  endpoint TEXT,
  type TEXT,
  error TEXT,
  since INTEGER,
  until INTEGER,
  most INTEGER,
  missed_since INTEGER,           -- Then what the endpoint missed while it was disabled.
  per_second REAL,
  letters_done INTEGER NOT NULL,  -- 1: on to what was missed.
  place INTEGER NOT NULL,         -- The key that was looked at last, of deliveries or messages.
  line_from INTEGER NOT NULL,     -- The next one is due this many places of the rate behind.
  line_length INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  replayed INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  owner INTEGER,                  -- While it runs, these two.
  lease_expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX replay_jobs_running ON replay_jobs (key) WHERE state = 0;

CREATE TABLE attempts (
  delivery INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  url TEXT NOT NULL,
  dialled_address TEXT NOT NULL,
  status INTEGER,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL,
  error_text TEXT NOT NULL,
  dns_ms INTEGER,
  connect_ms INTEGER,
  tls_ms INTEGER,
  first_byte_ms INTEGER,
  cause TEXT NOT NULL,
  response_headers BLOB NOT NULL,
  response_body BLOB NOT NULL,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- What operators are told. Only `repeats` and `last_at` of a row ever change: of what
-- happens again while it is quiet.
CREATE TABLE operational_events (
  key INTEGER PRIMARY KEY AUTOINCREMENT,  -- Pruned, and a key must never come again.
  type TEXT NOT NULL,
  sameness TEXT NOT NULL,
  subject TEXT NOT NULL,
  tenant TEXT,
  endpoint TEXT NOT NULL,     -- Its id; '' for none.
  delivery INTEGER,
  details TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  repeats INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX operational_events_sameness ON operational_events (sameness, key);

-- How far each of those who are told has come.
CREATE TABLE operational_readers (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `scope` as in endpoints_uid.
CREATE TABLE send_keys (
  scope TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  message INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (scope, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX send_keys_expiry ON send_keys (expires_at);

-- `expires_at` of a claim that nobody completes lies a day after its lease.
CREATE TABLE idempotency_keys (
  source TEXT NOT NULL,
  event_key TEXT NOT NULL,
  state INTEGER NOT NULL,
  owner INTEGER,
  lease_token BLOB,
  lease_expires_at INTEGER,
  inbox_event INTEGER,        -- The row that an accept stored.
  expires_at INTEGER NOT NULL,
  kept_result TEXT NOT NULL,
  PRIMARY KEY (source, event_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Like messages, the newest row is the counter and must not be pruned. Deleted by hand it stays,
-- emptied, as state 4.
CREATE TABLE inbox (
  key INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  provider TEXT NOT NULL,
  event_id TEXT,
  event_key TEXT,             -- As in idempotency_keys.
  type TEXT,
  rank INTEGER NOT NULL,      -- As of deliveries.
  signed_at INTEGER,
  matched_secret INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  next_attempt_at INTEGER,    -- While pending.
  owner INTEGER,              -- While running, these three.
  lease_token BLOB,
  lease_expires_at INTEGER,
  last_error TEXT NOT NULL,
  handler_result TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  headers BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX inbox_due ON inbox (source, rank, next_attempt_at) WHERE state = 0;
CREATE INDEX inbox_running ON inbox (source) WHERE state = 1;
CREATE INDEX inbox_dead ON inbox (key) WHERE state = 3;

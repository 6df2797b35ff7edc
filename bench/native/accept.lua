-- POSTs requests that were signed before: a line of the file has an id and a signature header.
-- All are put together before the first is sent, and the collector stands still meanwhile.

function init(args)
  collectgarbage("stop")
  local prefix, suffix = args[2], args[3]
  requests, sent = {}, 0
  for line in io.lines(args[1]) do
    local id, signature = line:match("(%S+) (.+)")
    local headers = { ["Content-Type"] = "application/json", ["Stripe-Signature"] = signature }
    requests[#requests + 1] = wrk.format("POST", nil, headers, prefix .. id .. suffix)
  end
  total = #requests
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % total + 1]
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "accept %d %d %d %d %f\n",
    summary.requests, threads[1]:get("sent"), threads[1]:get("total"),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(99)))
  io.write(string.format("seconds %f\n", summary.duration / 1e6))
end

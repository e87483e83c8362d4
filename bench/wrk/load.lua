-- Sends the requests that the environment names, in turn, and reports what the
-- bench reads. A single request is built once: wrk then never calls into Lua.
--   BENCH_REQUESTS  METHOD PATH [BYTES | @FILE], separated by newlines
local list = {}

local function body_of(what)
  if what == "" then return nil end
  if what:sub(1, 1) ~= "@" then return string.rep("x", tonumber(what)) end
  local file = assert(io.open(what:sub(2), "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

for line in os.getenv("BENCH_REQUESTS"):gmatch("[^\n]+") do
  local method, path, body = line:match("^(%S+) (%S+) ?(%S*)$")
  list[#list + 1] = { method = method, path = path, body = body_of(body) }
end

if #list == 1 then
  wrk.method, wrk.path, wrk.body = list[1].method, list[1].path, list[1].body
else
  local built, turn = {}, 0
  function init()
    for i, r in ipairs(list) do
      local headers = r.body and { ["Content-Type"] = "application/json" } or nil
      built[i] = wrk.format(r.method, r.path, headers, r.body)
    end
  end
  function request()
    turn = turn % #built + 1
    return built[turn]
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("bench requests=%d us=%d p50=%d p95=%d p99=%d status=%d broken=%d\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end

-- wrk script: every request is a log-in of the next of the accounts that the environment names.
local requests = {}
function init()
  local headers = {["Content-Type"] = "application/json"}
  for email in os.getenv("BENCH_EMAILS"):gmatch("%S+") do
    local body = string.format('{"email": "%s", "password": "%s"}', email, os.getenv("BENCH_PASSWORD"))
    requests[#requests + 1] = wrk.format("POST", "/api/auth/login", headers, body)
  end
end

local last = 0
function request()
  last = last % #requests + 1
  return requests[last]
end

dofile((os.getenv("BENCH_DIRECTORY") or "test/bench") .. "/report.lua")

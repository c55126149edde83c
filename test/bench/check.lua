-- wrk script: every request asks whether a random user may view a random project. BENCH_CHECKS is a file with lines
-- "user project"; BENCH_BATCH, when it is set, is how many checks a request asks at once.
local checks = {}
for user, project in io.open(os.getenv("BENCH_CHECKS")):read("*a"):gmatch("(%d+) (%S+)") do
  checks[#checks + 1] = string.format(
    '{"user_id": %s, "action": "view_project", "resource": {"type": "project", "id": "%s"}}', user, project)
end
local function random_check() return checks[math.random(#checks)] end

local batch = tonumber(os.getenv("BENCH_BATCH") or "")
local requests = {}
function init()
  local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")}
  for number = 1, batch and 50 or 20000 do
    if batch then
      local items = {}
      for item = 1, batch do items[item] = random_check() end
      local body = '{"checks": [' .. table.concat(items, ", ") .. ']}'
      requests[number] = wrk.format("POST", "/api/authz/check_access/batch", headers, body)
    else
      requests[number] = wrk.format("POST", "/api/authz/check_access", headers, random_check())
    end
  end
end

function request() return requests[math.random(#requests)] end

dofile((os.getenv("BENCH_DIRECTORY") or "test/bench") .. "/report.lua")

-- wrk script: every request is a log-in of the account named by the environment.
wrk.method = "POST"
wrk.path = "/api/auth/login"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.format('{"email": "%s", "password": "%s"}', os.getenv("BENCH_EMAIL"), os.getenv("BENCH_PASSWORD"))

dofile((os.getenv("BENCH_DIRECTORY") or "test/bench") .. "/report.lua")

"""A pretend Google Cloud that really refuses: one process, Google's own REST over plain HTTP on loopback.

    person, worker ──REST, Bearer──▶ server ──▶ api ──▶ resource_manager, iam, sql ──▶ cloud
                                     │ logs every call, breaks calls on demand, shows the bindings

`names` says what is in it, `seed` what is granted at the start, `standin.GcpStandIn` starts and stops it,
`use` calls it as a person, `settings` turns its lags and limits.

What is true of it, checked with google-cloud-resource-manager and google-cloud-iam by `tests/sandbox/gcp`:

The worker's way in
- `ProjectsClient(transport="rest", client_options={"api_endpoint": "http://127.0.0.1:N"})` and
  `IAMCredentialsClient(...)` likewise: with the scheme in it the endpoint needs no TLS. Without credentials
  given, google-auth's default chain finds GOOGLE_APPLICATION_CREDENTIALS: `GcpStandIn.env()` is all it needs.
- A client with a key file signs its own tokens and never asks the token endpoint; outside a client the same
  credentials do, at the key file's `token_uri`. Both live an hour by the clock and renew themselves. A
  process that holds the movable clock signs inside `signing.google_auth_follows(clock)`.
- The worker reads shop-prod's policy and changes the grants of `names.CATALOGUE` only: any other role in the
  difference is 403 `Forbidden`. So is a project that is not there.

Reading, modifying, writing
- `get_iam_policy(GetIamPolicyRequest(resource, options=GetPolicyOptions(requested_policy_version=3)))`. It
  answers version 1 when nothing has a condition: set `policy.version = 3` before writing, always. Below 3 a
  conditional binding is read as `ROLE_withcond_HASH` without its condition; written back, that is a 400.
- Change `policy.bindings`, keep the etag and everybody else's bindings, in order; `set_iam_policy(
  SetIamPolicyRequest(resource, policy), metadata=[("x-goog-request-reason", "...")])`. The answer is the
  policy as written: the proof of the write. The reason goes into the log and the audit log; audit configs
  stay.
- Version below 3 with an etag, where there are conditions: 400 "Specified policy version (1) cannot be
  less than ...". Without an etag it is done, and every condition is lost: what was temporary is permanent.
- The etag stale: 409 `exceptions.Conflict` (not `Aborted`; `grpc_status_code` is None; the status is in
  `error.response.json()["error"]["status"]`). Read again and do it all again. When the stale write would also
  undo a change the worker may not make, Google may say 403 first: `settle(permission_before_etag=True)`.
- 400 `BadRequest`: a member nobody is, a role that is not grantable here, a basic role with a condition, an
  expression that does not compile, no title, 1,500 members, 250 groups, twenty expressions for one member and
  role, twelve logical operators, 64 KB. An unreadable timestamp is taken, and never grants.
- Too many calls: 429 `TooManyRequests` (not `ResourceExhausted`), `error.reason` "RATE_LIMIT_EXCEEDED", and
  in `error.details` a RetryInfo whose `retryDelay` is "12.345s". There is no Retry-After.
- The client retries by itself a 503 of `get_iam_policy`, and nothing else. Its timeout is a minute: give one.

What is granted
- `request.time < timestamp("...Z")` is read at each request: at that second it ends, whatever the lag. The
  binding stays in the policy until somebody removes it.
- With `GcpStandIn.lag()` an addition is in force 7 minutes later and a removal too; the policy reads as
  written all the while. Moving an end is an addition and a removal: for the lag's time the old one counts.
- An unconditional binding of the same person and role makes ours no matter, before, during and after.
- To verify an end: read the policy again at version 3 (with `settle(read_lag_seconds=...)` a read may still
  answer the one before, with its etag), and the audit log's REMOVE. `test_iam_permissions` is about oneself.

Tokens of a service account: `generate_access_token(name="projects/-/serviceAccounts/EMAIL", scope=[...],
lifetime=Duration)`. A project instead of "-", no scope, more than an hour: 400. Not allowed, not there or
disabled: 403 with `error.reason` "IAM_PERMISSION_DENIED". A token lives to its end when the permission to
make it is gone; disabling the account stops it, enabling the account brings it back.

Calls that go wrong (`GcpStandIn.break_calls`): kinds as for AWS
- not done: `throttle` TooManyRequests, `unavailable` ServiceUnavailable, `error` as told (412 is
  PreconditionFailed, 504 GatewayTimeout), `reset` requests' ConnectionError, `silent` requests' ReadTimeout;
- done all the same: `lost` ConnectionError, `late` ReadTimeout, `torn` requests' ChunkedEncodingError,
  `truncated` protobuf's json_format.ParseError. None of these is a GoogleAPICallError.

Laxer than Google, or not known: group membership changes at once; conditions know `request.time`,
`resource.name/type/service` and `hasOnly`, nothing else of CEL; bindings of one role and condition are not
merged; titles of 100 and descriptions of 256 characters are guesses; whether a write that changes nothing
changes the etag is not documented (here it does); deny policies, tags, organisation policies and gRPC are not
here.
"""

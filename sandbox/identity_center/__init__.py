"""A pretend AWS IAM Identity Center that really refuses: one process, AWS's own protocols on loopback.

    person ──portal token──┐
    worker ──signed calls──┴─HTTP──▶ server ──▶ api ──▶ sso_admin, identity_store, portal, query ──▶ center
                                     │ logs every call, breaks calls on demand, shows the assignments

`names` says what is in it, `standin.IdentityCenterStandIn` starts and stops it, `use` calls it as a person,
`settings` turns its times and limits.

What is true of it, checked with boto3 by `tests/sandbox/identity_center`:

The worker's way in
- `endpoint_url` is that of sts and sso-admin alike. `assume_role(names.ACCESS_ROLE, ExternalId)` as the
  worker's user; without the external id: AccessDenied. Sessions last an hour, then `ExpiredTokenException`.
- The access role reads everything and assigns `names.CATALOGUE` in shop-prod and pay-prod; any other
  permission set or account: AccessDeniedException. A process that holds the movable clock signs inside
  `sandbox.aws.signing.botocore_follows(clock)`.

Assigning
- Create and delete answer IN_PROGRESS and a request id, with no client token, tag or end. Describe*Status
  says how it goes; the ids of creations and deletions are not interchangeable. A list shows an operation's
  result when it has SUCCEEDED, or `settle(read_lag_seconds=...)` later. FAILED comes with a reason in words.
- While an operation on the same three is under way, create and delete answer 400 ConflictException; with
  `settings.outstanding` creations under way, create answers ServiceQuotaExceededException.
- Creating what is there succeeds and makes no second one. Deleting what is not there:
  ResourceNotFoundException, or with `settle(absent="failed")` a FAILED operation: AWS does not say which.
- A user who left the directory: their assignments stay listed, and removing one FAILS with a 404 in the
  reason.
- More than twenty calls a second: 400 ThrottlingException. botocore tries reads again by itself.

Using
- A session of a permission set lives as long as the permission set says, an hour by default, whatever becomes
  of the assignment. Starting one without an assignment, one's own or a group's: 403 ForbiddenException
  "No access".

Calls that go wrong (`IdentityCenterStandIn.break_calls`), with SDK retries off
- not done: `throttle` ThrottlingException, `unavailable` 503, `error` as told, `reset` ConnectionClosedError,
  `silent` ReadTimeoutError;
- done all the same: `lost` and `torn` ConnectionClosedError, `late` ReadTimeoutError, `truncated` an empty
  answer with status 200: botocore reads half a JSON text as {}.

Laxer than AWS, or not known: AWS deletes a permission set's role with its last assignment in an account, and
whether a live session then ends at once is not documented: here it lives on, the worse case. Whether a list
shows an assignment before its creation has SUCCEEDED is not documented either: here it does not.
Provisioning, applications, trusted token issuers and writing to the directory, but for deleting a user, are
not here.
"""

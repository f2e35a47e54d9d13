"""A pretend AWS that really refuses: ministack with its rules switched on, corrected, seeded, recorded.

    person, worker ──HTTP, signed──▶ proxy ──▶ emulator (ministack + corrections, its own interpreter)
                                     │ logs every call, breaks calls on demand, shows the roles

`names` says what is in it, `seed` makes it, `standin.AwsStandIn` starts and stops it, `use` calls it as a
person.

What is true of it, checked end to end with boto3 by `tests/sandbox/aws/test_leased_role.py`:

The worker's way in
- `assume_role(spoke, ExternalId, SourceIdentity, Tags)` as the worker's user; without the external id:
  AccessDenied. Identity and tags each need their verb in the trust *and* in the caller's own policy.
- Spoke sessions last at most an hour. Afterwards every call answers 403 `ExpiredToken`, for ever: assume
  again. A session whose role is gone, or was made again under the old name, answers 403
  `InvalidClientTokenId`.
- A signature more than 15 minutes off answers 403 `SignatureDoesNotMatch`: a process that holds the movable
  clock instead of running under it signs inside `signing.botocore_follows(clock)`.

Making a leased role, in this order: `create_role(Path="/prod-access/", trust, PermissionsBoundary, Tags,
MaxSessionDuration=3600)`, `put_role_policy(Deny)`, `attach_role_policy`
- Without the boundary or with another path: AccessDenied. A person who does not exist, or a wildcard in the
  principal: MalformedPolicyDocument. The name taken: 409 `EntityAlreadyExists`.
- `attach_role_policy` with an unknown policy: 404 `NoSuchEntity`. Adding what is there already: fine, twice.
- `list_roles(PathPrefix="/prod-access/")` pages (100, `Marker`) and has no Tags and no PermissionsBoundary;
  `get_role` has both, `list_role_tags` the tags.

The end
- Past `DateLessThan aws:CurrentTime` in the trust, assuming is AccessDenied. Past `DateGreaterThan` in the
  inline Deny, a session that lives is AccessDenied ("with an explicit deny"), one that ran out
  `ExpiredToken`.
- Early: a `Deny *` put into the inline policy holds for live sessions at once; with `DateLessThan
  aws:TokenIssueTime = now` only for sessions issued before this second, so also change the trust.
- `delete_role` before detaching and deleting the inline policies: 409 `DeleteConflict`. Detaching or deleting
  what is not there: 404 `NoSuchEntity`.
- A role that is gone has no path, so AWS checks the call against `role/<name>`. The spoke may read any
  role: `get_role`, `list_role_tags`, `list_role_policies`, `list_attached_role_policies` answer 404
  `NoSuchEntity`. Every change (`delete_role`, `detach_role_policy`, `put_role_policy`, ...) of a role that
  is gone answers 403 AccessDenied: after one, ask `get_role` whether the role is still there.
- Once the role is gone, a session of it is `InvalidClientTokenId`, and assuming it is AccessDenied.

Calls that go wrong (`standin.AwsStandIn.break_calls`), with SDK retries off
- not done: `throttle` ClientError Throttling, `unavailable` ClientError ServiceUnavailable, `reset`
  ConnectionClosedError, `silent` ReadTimeoutError;
- done all the same: `lost` and `torn` ConnectionClosedError, `late` ReadTimeoutError, `truncated`
  ResponseParserError, which is neither a ClientError nor a BotoCoreError. With SDK retries on, the first
  three end as EntityAlreadyExists of our own role.

What is laxer than AWS and left so is listed in `corrections`.
"""

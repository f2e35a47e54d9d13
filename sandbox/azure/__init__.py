"""A pretend Azure that really refuses: Entra ID, the Resource Manager with PIM, Graph, a database, a store.

    person, worker ──TLS, bearer token──▶ server ──▶ front ──▶ entra | graph | arm ──▶ azure (all its state)
                                          │ logs every call, breaks calls on demand, shows the assignments

`names` says what is in it, `settings` what can be set, `standin.AzureStandIn` starts and stops it, `use`
calls it as a person, `following` keeps a test's own tokens by the movable clock. One process, one origin.

What is true of it, checked end to end with azure-identity and azure-mgmt-authorization by
`tests/sandbox/azure`. What nobody has written down about Azure is marked (?): an adapter must live with both.

The way in
- `ClientSecretCredential(tenant, client, secret, authority=AZURE_AUTHORITY_HOST,
  disable_instance_discovery=True)`; `AuthorizationManagementClient(credential, subscription, base_url=...)`.
  Without `disable_instance_discovery` msal first asks login.microsoftonline.com. The client asks for the
  scope `https://management.azure.com/.default` whatever its `base_url` is.
- Trust: REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) is enough, for the credential and the client alike: msal goes
  through azure-core's requests transport. Or `connection_verify=path`, to both. SSL_CERT_FILE is not read.
- Both take `connection_timeout`, `read_timeout`, `retry_total`. Left alone a silent Entra ID holds
  `get_token` for 300 s.
- Every failed sign-in is `ClientAuthenticationError`, an unreachable Entra ID too: "AADSTS<number>" in the
  message is a refusal, anything else says nothing. What Entra ID answers badly (4xx, 5xx) the same
  credential object repeats from memory, without asking, for 60 s or for Retry-After: a new object asks
  again.
- A token lives for an hour and is fetched again by itself. Expired, for another audience, made up: 401
  `ClientAuthenticationError` with ARM's code.

Direct assignments (`role_assignments`, 2022-04-01)
- `create(scope, name, {role_definition_id, principal_id, principal_type, description})`, a dictionary will
  do; the name is any GUID, so uuid5. 201, also for the same again, which may change description and
  condition.
- The answer to a PUT has `created_by` None; GET and list have the maker's object id.
- Another name for the same principal, role and scope: `ResourceExistsError` 409 RoleAssignmentExists, the
  existing name in the message as 32 hex digits. Somebody's standing access looks just so.
- The name in use for another principal, role or scope, anywhere in the tenant: 400
  RoleAssignmentUpdateNotPermitted.
- `delete`: the assignment, or None when there was none (204). `get`: `ResourceNotFoundError`, code
  RoleAssignmentNotFound.
- Lists look above and below the scope; `atScope()` leaves out below; `principalId eq '<id>'`, which never
  goes with atScope(); `assignedTo('<id>')` counts groups. They are lazy: errors come with the first item.
  More than `page_size` come in pages.
- 400 PrincipalNotFound (or, for somebody new, until `principal_lag` is over, unless `principal_type` is
  said), UnmatchedPrincipalType, RoleAssignmentLimitExceeded, InvalidScope; 404 RoleDefinitionDoesNotExist,
  SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound; 403 AuthorizationFailed, which with a
  condition unfulfilled says "or an ABAC condition not fulfilled". Description over 2 KB, condition over 8 KB
  or not in version 2.0: 400, code (?).
- A condition with `@Environment[UtcNow]` ends Storage Blob Data Reader by itself and is passed over for
  Reader.
- `listing_lag`: GET 404 and lists without the new one, lists with the deleted one. `propagation`: access
  late, both ways. Neither is proof of anything.

PIM (`role_assignment_schedule_requests`, `_schedules`, `_schedule_instances`, 2020-10-01)
- `create(scope, name, {request_type: AdminAssign, schedule_info: {expiration: {type: AfterDateTime,
  end_date_time} | {type: AfterDuration, duration: "PT1H"}}, justification, ticket_info, ...})`: read
  `status`: Provisioned; PendingProvisioning (`pim_provisioning`), PendingApproval (`pim_needs_approval`),
  Granted (starts later). The role is gone at the end without anybody.
- The access is an ordinary role assignment with a name of its own: `origin_role_assignment_id` of the
  instance. Deleting that is refused here (?), `pim_backed_delete` allows it.
- Codes, all `HttpResponseError` 400: RoleAssignmentExists (that triple is there, by PIM or not, or ended
  less than `pim_exists_after` ago), PendingRoleAssignmentRequest, RoleAssignmentRequestExists (this name
  again (?): then GET it), ActiveDurationTooShort, RoleAssignmentRequestPolicyValidationFailed (the rule is
  in the message only; the justification is required), SubjectNotFound, InvalidRoleAssignmentRequestSchedule,
  AadPremiumLicenseRequired when not `licensed` (?); 403 AuthorizationFailed without User Access
  Administrator.
- AdminRemove: RoleAssignmentDoesNotExist in the first 60 s *although access is there*,
  ActiveDurationTooShort up to 300 s, then Revoked and access is gone at once. It removes standing access of
  the same triple just as well.
- AdminExtend and AdminUpdate set a new end; RoleAssignmentDoesNotExist when there is nothing (yet).
- After an end the instance is listed for 25 s and the schedule for 300 s. The backing assignment goes at
  once: a GET of it by id is the proof.
- Instances hold assignments made outside PIM too, with `end_date_time` None.
- Requests are found again by `asRequestor()` (45 days), with their ticket.
- The policy: `role_management_policy_assignments.list_for_scope(scope, params={"$filter": "roleDefinitionId
  eq '...'"})`, rules Expiration_Admin_Assignment and Enablement_Admin_Assignment.

Whose power
- `AzureStandIn.worker` has User Access Administrator, `direct_worker` Role Based Access Control
  Administrator, both on the subscription under a condition: only the roles of `names.CATALOGUE`, only to
  users, for making and for deleting, for PIM too (?). `operator` may do anything.
- `worker` may read users in Graph (`/v1.0/users/{id|name}`, `?$filter=mail eq '...'`); `direct_worker` may
  not.

Calls that go wrong (`AzureStandIn.break_calls`), with retries off
- not done: `throttle` HttpResponseError 429 TooManyRequests, `unavailable` 503, `reset`
  ServiceResponseError, `silent` ServiceResponseTimeoutError;
- done all the same: `lost` ServiceResponseError, `late` ServiceResponseTimeoutError, `torn`
  IncompleteReadError and `truncated` DecodeError, which are HttpResponseErrors with status 201 and no code.
- With retries on, GET, PUT and DELETE are tried again after all of these but `truncated`: with a fixed name
  that does no harm. A Retry-After is slept whole, whatever the status.
- More than 200 writes (250 reads, 200 deletes) at once: 429 SubscriptionRequestsThrottled with Retry-After;
  what is left is in `x-ms-ratelimit-remaining-subscription-writes`.

Laxer than Azure and left so: no management groups, deny assignments, eligibility (Self* requests are refused
by EligibilityRule), tenants other than one; any `api-version` will do; the activity log has one record a
call, of its end, and none of what PIM does by itself; nothing protects the last owner.
"""

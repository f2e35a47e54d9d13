"""The bugs: where, what is written there, what is written instead, and the test that then fails."""

from typing import Final, NamedTuple


class Bug(NamedTuple):
    """One bug; `old` stands in the file exactly once."""

    name: str
    file: str
    old: str
    new: str
    test: str


AWS, AZURE, CENTER = "workers/clouds/aws", "workers/clouds/azure", "workers/clouds/identity_center"
AWS_TESTS = "tests/workers/test_aws_client.py"
DIRECT, PIM = "tests/workers/test_azure_direct.py", "tests/workers/test_azure_pim.py"
ASSIGNMENTS = "tests/workers/test_identity_center_assignments.py"
BUDGET = "tests/workers/test_identity_center_budget.py"
CONTRACTS = "tests/contracts/test_clouds.py"

CLOUD = "workers/clouds/cloud.py"
GOOGLE, BINDING = "workers/clouds/gcp", "tests/workers/test_gcp_binding.py"

BUGS: Final = (
    Bug(
        "aws: the end is dropped from the trust",
        f"{AWS}/documents.py",
        '    condition: Document = {"DateLessThan": {"aws:CurrentTime": moment_text(until)}}',
        "    condition: Document = {}",
        "tests/workers/test_aws_documents.py::test_a_user_is_trusted_by_their_own_arn_until_the_end",
    ),
    Bug(
        "aws: a role of our name is taken over whoever made it",
        f"{AWS}/leased_role.py",
        '        if not self._labels.genuine(holding.key, labels) or labels["grant"] != holding.grant:',
        "        if False:",
        f"{CONTRACTS}::test_a_role_somebody_else_made_under_our_name_is_left_alone",
    ),
    Bug(
        "aws: a lost reply is taken as done",
        f"{CLOUD}",
        "    if problem is not None and not isinstance(outcome, Present):",
        "    if problem is not None:\n        return Present(until)\n    if problem is not None:",
        f"{AWS_TESTS}::test_a_lost_call_that_was_not_done_is_done_a_second_later",
    ),
    Bug(
        "every cloud: gone is believed without a look",
        f"{CLOUD}",
        "    if look is None:\n        return Absent()\n    return Unreachable(problem.problem if",
        "    if True:\n        return Absent()\n    return Unreachable(problem.problem if",
        f"{AWS_TESTS}::test_what_was_removed_and_is_still_seen_is_not_absent",
    ),
    Bug(
        "google: the etag is ignored",
        f"{GOOGLE}/client.py",
        "return policy_pb2.Policy(version=_CONDITIONAL, etag=policy.etag, bindings=bindings)",
        "return policy_pb2.Policy(version=_CONDITIONAL, bindings=bindings)",
        f"{BINDING}::test_what_somebody_else_writes_between_our_read_and_our_write_is_kept",
    ),
    Bug(
        "google: the end is dropped",
        f"{GOOGLE}/policy.py",
        'Condition(f"prodaccess {mark}", description, _expression(until))',
        'Condition(f"prodaccess {mark}", description, "true")',
        f"{BINDING}::test_a_person_gets_in_until_the_end_and_then_not_though_nobody_does_anything",
    ),
    Bug(
        "google: keyed by grant",
        f"{GOOGLE}/policy.py",
        "roles_of(holding), self._sight.ours(holding.key)",
        "roles_of(holding), "
        '[one for one in self._sight.ours(holding.key) if one.labels["grant"] == holding.grant]',
        "tests/workers/test_gcp_policy.py::test_one_grant_after_another_of_one_holding_is_one_binding",
    ),
    Bug(
        "google: somebody else's binding is touched",
        f"{GOOGLE}/policy.py",
        "signed = whole and labels.genuine(_signed_name(key, binding.role, binding.members[0]), read)",
        "signed = whole",
        f"{BINDING}::test_what_looks_like_ours_is_kept_as_it_is",
    ),
    Bug(
        "azure: RoleAssignmentDoesNotExist is trusted",
        f"{AZURE}/pim.py",
        "            raise Again(SETTLING, self._left(found)) from error",
        "            return",
        f"{PIM}::test_in_its_first_minute_it_does_not_exist_and_yet_it_is_there",
    ),
    Bug(
        "azure: the end is dropped",
        f"{AZURE}/pim.py",
        '            words = self._words(holding, until, "AdminAssign", until)',
        '            words = self._words(holding, until, "AdminAssign", until + REMEMBERED)',
        f"{PIM}::test_it_ends_by_itself_with_us_dead",
    ),
    Bug(
        "azure: keyed by grant",
        f"{AZURE}/direct.py",
        "            self._client.assign(holding.key, self._words(holding, until))",
        '            self._client.assign(f"{holding.key[:-4]}{holding.grant[3:7]}", '
        "self._words(holding, until))",
        f"{DIRECT}::test_two_grants_of_one_holding_are_one_assignment",
    ),
    Bug(
        "azure: what another made is deleted",
        f"{AZURE}/role_assignment.py",
        "        return found if found is not None and self._direct.is_ours(holding, found) else None",
        "        return found",
        f"{DIRECT}::test_what_another_made_under_our_name_is_left_alone",
    ),
    Bug(
        "identity center: what AWS is still doing is taken as done",
        f"{CENTER}/account_assignment.py",
        "            if self._under_way(holding):",
        "            if False:",
        f"{ASSIGNMENTS}::test_an_assignment_that_is_being_removed_is_not_present_however_it_is_listed",
    ),
    Bug(
        "identity center: a list that finds nothing to list is trusted",
        f"{CENTER}/account_assignment.py",
        "            if self._set_stands(target):",
        "            if False:",
        f"{ASSIGNMENTS}::test_a_list_that_finds_nothing_to_list_is_not_an_end",
    ),
    Bug(
        "identity center: the budget is ignored",
        f"{CENTER}/account_assignment.py",
        "        self._budget.begin(target.instance, holding.key, start=way is CREATE)",
        "        pass",
        f"{BUDGET}::test_without_a_free_place_nothing_is_begun",
    ),
)

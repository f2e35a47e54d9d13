"""What the ledger holds, listed and ended from a terminal."""

import getpass
import json
from pathlib import Path

import pytest

from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from policies.request import AccessRequest, RequestState
from policies.values import PersonId, RoleName
from tests.cli.conftest import ProdAccess
from workers.ledger.ledger import Ledger

ANA, BEN = PersonId("ana"), PersonId("ben")
READ, LOGS = RoleName("prod-db-readonly"), RoleName("prod-logs")


def ask(desk: Desk, role: RoleName = READ, who: PersonId = ANA) -> AccessRequest:
    answer = desk.ask(Wish(who, who, role, None, "INC-42", "replication lag"))
    made: AccessRequest = answer.view.request  # type: ignore[union-attr]
    return made


def approve(desk: Desk, request: AccessRequest) -> None:
    desk.approve(Click(BEN, desk.token(request), None))


def test_migrate_makes_the_tables_and_says_so(prod_access: ProdAccess):
    for _ in range(2):
        ran = prod_access("migrate")
        assert (ran.code, ran.out, ran.err) == (0, "The ledger is up to date.\n", "")
    assert prod_access("requests").out == "No request is open.\n"


def test_without_anything_open_it_says_so(prod_access: ProdAccess):
    assert prod_access("requests") == (0, "No request is open.\n", "")
    assert prod_access("grants") == (0, "Nobody holds anything.\n", "")
    assert json.loads(prod_access("requests", "--json").out) == []


def test_open_requests_are_listed(prod_access: ProdAccess, desk: Desk):
    waiting, over = ask(desk), ask(desk, who=PersonId("chloe"))
    desk.withdraw(PersonId("chloe"), over.id)
    ran = prod_access("requests")
    assert ran.code == 0
    header, line = ran.out.splitlines()
    assert header.split() == ["id", "state", "requester", "beneficiary", "role", "asked_at", "ends_at"]
    assert line.split()[:5] == [waiting.id, "pending", "ana", "ana", "prod-db-readonly"]
    assert over.id in prod_access("requests", "--all").out


def test_requests_as_json_have_everything(prod_access: ProdAccess, desk: Desk):
    request = ask(desk)
    (found,) = json.loads(prod_access("requests", "--json").out)
    assert (found["id"], found["state"], found["reference"], found["version"]) == (
        request.id,
        "pending",
        "INC-42",
        0,
    )
    assert "replication lag" not in json.dumps(found)


def test_grants_are_listed_until_they_are_gone(prod_access: ProdAccess, desk: Desk):
    request = ask(desk)
    approve(desk, request)
    assert f"{request.id}-1" in prod_access("grants").out
    found = json.loads(prod_access("grants", "--json", "--all").out)
    assert {(one["request"], one["state"], one["person"]) for one in found} == {
        (request.id, "planned", "ana")
    }
    holdings = {one["cloud"]: one["holding"] for one in found}
    assert sorted(holdings) == ["aws", "azure", "gcp"]
    assert holdings["aws"].startswith("arn:aws:iam::111122223333:role/")


def test_what_runs_is_ended_in_the_operators_name(prod_access: ProdAccess, desk: Desk, ledger: Ledger):
    request = ask(desk)
    approve(desk, request)
    ran = prod_access("end", request.id.upper())
    assert ran.code == 0
    assert ran.out == f"{request.id} is ending. prod-access grants shows when it is gone.\n"
    with ledger.reading() as reader:
        grants = reader.grants_of(request.id)
    by = f"operator:{getpass.getuser()}"
    assert {(grant.state, grant.ended_by) for grant in grants} == {("ending", by)}
    again = prod_access("end", request.id)
    assert (again.code, again.out) == (0, f"{request.id} is over already; nothing changed.\n")


def test_what_waits_is_withdrawn(prod_access: ProdAccess, desk: Desk, ledger: Ledger):
    request = ask(desk)
    ran = prod_access("end", request.id)
    assert ran.out == f"{request.id} was withdrawn; nothing was given.\n"
    with ledger.reading() as reader:
        found = reader.request(request.id)
    assert found is not None
    assert found.state is RequestState.WITHDRAWN


def test_a_request_that_never_was_is_said(prod_access: ProdAccess):
    ran = prod_access("end", "pa-none")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("prod-access: there is no request called pa-none.\n")


def test_broken_rules_are_not_in_the_way_of_an_end(prod_access: ProdAccess, desk: Desk, tmp_path: Path):
    request = ask(desk)
    ran = prod_access("end", request.id, PROD_ACCESS_ORG=str(tmp_path))
    assert (ran.code, ran.out) == (0, f"{request.id} was withdrawn; nothing was given.\n")


@pytest.mark.parametrize("command", ["requests", "grants"])
def test_a_ledger_that_cannot_be_read_is_one_sentence(prod_access: ProdAccess, ledger: Ledger, command: str):
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {command} RENAME TO elsewhere")
    ran = prod_access(command)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "prod-access: the ledger's database cannot be reached\n"


def test_all_of_a_persons_access_is_ended_and_counted(prod_access: ProdAccess, desk: Desk):
    approve(desk, ask(desk))
    ask(desk, who=PersonId("chloe"))
    assert prod_access("end", "--person", "ana").out == "1 ending, 0 withdrawn, 0 over already.\n"
    assert prod_access("end", "--all", "--yes").out == "0 ending, 1 withdrawn, 1 over already.\n"
    assert prod_access("end", "--person", "dev").out == "0 ending, 0 withdrawn, 0 over already.\n"


def test_ending_needs_to_know_what(prod_access: ProdAccess):
    assert prod_access("end").code == 2
    assert prod_access("end", "pa-7k3m", "--all").code == 2


def test_nothing_new_is_given_while_it_is_frozen(prod_access: ProdAccess, desk: Desk):
    assert prod_access("freeze").out == "No new access is given. Live access still ends on time.\n"
    assert prod_access("freeze").out.endswith("It was so already.\n")
    answer = desk.ask(Wish(ANA, ANA, LOGS, None, None, "reading errors"))
    assert type(answer).__name__ == "Frozen"
    assert prod_access("freeze", "--off").out == "New access is given again.\n"

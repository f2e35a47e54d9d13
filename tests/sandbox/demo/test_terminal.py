"""The lines a message prints: which programs may run them, and what is shown where one does not."""

import pytest

from policies.people import Person
from policies.values import PersonId
from sandbox.demo.ports import NotPossibleError, Tried
from sandbox.demo.terminal import instead, program_of, runs

ANA = Person(id=PersonId("ana"), name="Ana Ruiz", title="engineer")


def test_the_last_line_names_the_program():
    assert program_of(["aws configure set x y", "aws --profile pa-7k3m rds x"]) == "aws"
    assert program_of(["az postgres flexible-server list"]) == "az"


@pytest.mark.parametrize("lines", [[], [""], ["rm -r x"], ["azure x"], ["aws x", "curl x"]])
def test_nothing_but_what_messages_print_is_run(lines: list[str]):
    with pytest.raises(NotPossibleError):
        program_of(lines)


@pytest.mark.parametrize(
    "line",
    [
        "gcloud sql instances list --project shop-prod --impersonate-service-account x",
        "gcloud sql instances list --project shop-prod; id",
        "gcloud auth login",
        "gcloud logging logs list --project shop-prod",
    ],
)
def test_gcloud_runs_what_the_pretend_one_answers_and_nothing_else(line: str):
    assert runs("gcloud", line) is False


def test_az_never_runs():
    assert runs("az", "az postgres flexible-server list --resource-group prod") is False


def test_what_was_done_instead_is_said():
    allowed = Tried(allowed=True, code="", message="orders", call="flexibleServers/read")
    shown = instead("az", ANA, allowed)
    assert shown.ok
    assert shown.output == (
        "(az does not run here. The same call was made with Ana Ruiz's own token.)\n"
        "flexibleServers/read: allowed\norders"
    )
    refused = Tried(allowed=False, code="AuthorizationFailed", message="", call="flexibleServers/read")
    shown = instead("az", ANA, refused)
    assert not shown.ok
    assert shown.output.endswith("flexibleServers/read: refused AuthorizationFailed")

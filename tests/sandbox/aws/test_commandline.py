"""The `aws` lines a card prints, run by the real AWS command line."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from typing import Any

import pytest

from sandbox.aws import names
from sandbox.aws.commandline import CommandLine
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, NotAnsweredError, Refused


@pytest.mark.slow
def test_printed_lines_work_until_the_end(aws: AwsStandIn, role: Any) -> None:
    role.lease(names.person_arn("ana"))
    seen = "--query 'DBInstances[].DBInstanceIdentifier' --output text"
    read = f"aws rds describe-db-instances --profile prod {seen}"
    with CommandLine(aws, aws.person("ana")) as terminal:
        first = terminal.run(
            f"aws configure set profile.prod.role_arn {role.arn}",
            "aws configure set profile.prod.source_profile default",
            "aws configure set profile.prod.role_session_name ana",
            read,
        )
        assert first.outcome == Allowed((names.DATABASE,))
        aws.clock.move_to(role.ends_at)
        after = terminal.run("sleep 1", read).outcome
    assert isinstance(after, Refused)
    assert after.code == "AccessDenied"


def test_a_line_that_never_reached_aws_proves_nothing(aws: AwsStandIn) -> None:
    with CommandLine(aws, aws.person("ana")) as terminal:
        ran = terminal.run("aws rds describe-db-instances --profile missing")
    with pytest.raises(NotAnsweredError, match="missing"):
        assert ran.outcome

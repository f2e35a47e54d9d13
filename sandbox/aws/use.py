"""A person uses what they were given: really calls AWS, with their own keys, and says what AWS said.

`Allowed` and `Refused` are AWS's words about a real read. Asking who one is (`get-caller-identity`) is
never one of the questions: AWS answers it to everybody, whatever their policies say
(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html). An AWS that cannot be
reached is neither: `NotAnsweredError`.

The calls are made by a process of its own that follows the movable clock, as a person's laptop follows the
real one.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from sandbox.aws import names
from sandbox.aws.keys import Keys
from sandbox.clock import MovableClock

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Allowed:
    """AWS did it; what was seen."""

    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """AWS would not."""

    code: str
    message: str


class NotAnsweredError(RuntimeError):
    """AWS said nothing, which says nothing about access."""


class People:
    """People's side of AWS; a context manager around the process that makes their calls."""

    def __init__(self, endpoint_url: str, clock: MovableClock) -> None:
        self._endpoint_url = endpoint_url
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.aws.use"],
            env=_bare() | self._clock.env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process:
            self._process.communicate()

    def sign_in(self, portal: Keys, person: str) -> Keys | Refused:
        """A session of the base role under a person's name, as a portal for single sign-on gives it."""
        return self.assume(portal, names.BASE_ROLE, person)

    def assume(self, keys: Keys, role_arn: str, session_name: str, seconds: int = 3_600) -> Keys | Refused:
        """A session of a role: keep it, and it is the live session that must die at the end."""
        params = {"RoleArn": role_arn, "RoleSessionName": session_name, "DurationSeconds": seconds}
        answer = self._ask(keys, "sts", "assume_role", params)
        if isinstance(answer, Refused):
            return answer
        found = answer["Credentials"]
        return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def read(self, session: Keys) -> Allowed | Refused:
        """Reads the databases of the account: what `rds-readonly` is for."""
        answer = self._ask(session, "rds", "describe_db_instances", {})
        if isinstance(answer, Refused):
            return answer
        return Allowed(tuple(database["DBInstanceIdentifier"] for database in answer["DBInstances"]))

    def call(self, session: Keys, service: str, operation: str, **params: Any) -> Allowed | Refused:  # noqa: ANN401
        """Any other call: `call(session, "rds", "reboot_db_instance", DBInstanceIdentifier="orders")`."""
        answer = self._ask(session, service, operation, params)
        return answer if isinstance(answer, Refused) else Allowed()

    def _ask(
        self, keys: Keys, service: str, operation: str, params: Mapping[str, Any]
    ) -> dict[str, Any] | Refused:
        question = {
            "endpoint_url": self._endpoint_url,
            "keys": [keys.access_key_id, keys.secret_access_key, keys.session_token],
            "service": service,
            "operation": operation,
            "params": dict(params),
        }
        answer = self._exchange(json.dumps(question))
        if "unanswered" in answer:
            raise NotAnsweredError(answer["unanswered"])
        return Refused(**answer["refused"]) if "refused" in answer else dict(answer["allowed"])

    def _exchange(self, question: str) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise NotAnsweredError("People call AWS only inside `with`.")
        with self._one_at_a_time:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise NotAnsweredError("The process that calls AWS has ended.")
        return dict(json.loads(line))


def _bare() -> dict[str, str]:
    """Our environment without any AWS settings: a person's keys come with each question."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": str(_ROOT),
    }


def _answer(session: boto3.Session, question: Mapping[str, Any]) -> dict[str, Any]:
    access_key_id, secret_access_key, session_token = question["keys"]
    client = session.client(
        question["service"],
        endpoint_url=question["endpoint_url"],
        region_name=names.REGION,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=10),
    )
    try:
        return {"allowed": getattr(client, question["operation"])(**question["params"])}
    except ClientError as error:
        found = error.response.get("Error", {})
        return {"refused": {"code": found.get("Code", ""), "message": found.get("Message", "")}}
    except (BotoCoreError, HTTPClientError) as error:
        return {"unanswered": str(error)}
    finally:
        client.close()


def _serve() -> None:
    """Answers one question a line until there are no more."""
    session = boto3.Session()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(session, json.loads(line)), default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()

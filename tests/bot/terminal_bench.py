"""A person's terminal before the web API, and the same person in Slack."""

import secrets
from typing import Any

from falcon import testing

from bot.web.app import ORDINARY, Limits, make_app
from tests.bot.slack_bench import Bench, whisper


class Terminal:
    """One terminal: what it was given, and the calls it makes."""

    def __init__(self, bench: Bench, limits: Limits = ORDINARY) -> None:
        self.bench = bench
        self.client = testing.TestClient(make_app(bench, limits))
        self.device = self.code = self.token = ""

    def another(self) -> "Terminal":
        """A second terminal before the same API."""
        made = Terminal(self.bench)
        made.client = self.client
        return made

    def starts(self, called: str = "ana-laptop") -> str:
        """Ask to be somebody's; the code to type in Slack."""
        started = self.post("/login", client=called)
        assert started.status_code == 201, started.text
        self.device, self.code = started.json["device_code"], started.json["user_code"]
        return self.code

    def takes(self) -> testing.Result:
        """Ask what became of the login; its token is kept."""
        answer = self.post("/login/token", device_code=self.device)
        if answer.status_code == 200:
            self.token = answer.json["token"]
        return answer

    def logs_in(self, who: str = "ana") -> "Terminal":
        """The whole way, through Slack."""
        confirm(self.bench, who, self.starts())
        assert self.takes().status_code == 200
        return self

    def get(self, path: str) -> testing.Result:
        """Look at something."""
        return self.client.simulate_get(path, headers=self._headers())

    def post(self, path: str, **body: Any) -> testing.Result:  # noqa: ANN401 (any JSON)
        """Send something."""
        return self.client.simulate_post(path, json=body, headers=self._headers())

    def delete(self, path: str) -> testing.Result:
        """End something."""
        return self.client.simulate_delete(path, headers=self._headers())

    def ask(self, line: str, operation: str = "") -> dict[str, Any]:
        """Ask with a line; what came of it."""
        answer = self.post("/requests", line=line, operation=operation or secrets.token_hex(16))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def end(self, target: str | None = None) -> dict[str, Any]:
        """End something; what came of it."""
        answer = self.post("/end", target=target)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def use(self, cloud: str = "aws", which: str | None = None) -> testing.Result:
        """Ask to use something."""
        return self.post("/access", cloud=cloud, which=which)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def confirm(bench: Bench, who: str, code: str, button: str = "It is me") -> None:
    """Type the code in Slack and press a button of the answer."""
    person = bench.person(who)
    assert person.types(f"/prod-access login {code}", "C0DB").acked
    assert person.clicks(button, whisper(person, "asks to be you")).acked

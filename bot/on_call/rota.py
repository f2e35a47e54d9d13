"""The organisation's own rotas as a source: no pager is asked, and nothing can be away."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.on_call.source import OnDuty, Source, SourceRefused
from policies.incident import PagerAccount, PagerName
from policies.rota import Rota


class Rotas(Source):
    """The rotas of the policy in force; an account is the id of a person."""

    def __init__(self, name: PagerName, rotas: Callable[[], Iterable[Rota]]) -> None:
        super().__init__(name)
        self._rotas = rotas

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:
        rota = next((rota for rota in self._rotas() if rota.name == schedule), None)
        if rota is None:
            raise SourceRefused("there is no rota of this name")
        turn = rota.turn(at)
        return [OnDuty(PagerAccount(turn.person), 1, turn.ends_at)] if turn else []

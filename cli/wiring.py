"""What commands share: the settings, checked, and a ledger that is ready to be used."""

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.settings import BotSettings
from cli.output import CannotDo
from workers.ledger.engine import open_engine
from workers.ledger.migrate import is_current, migrate
from workers.settings import Settings
from workers.wiring import Hands


def settings() -> BotSettings:
    """The settings from the environment; CannotDo names every one that is wrong."""
    try:
        found = BotSettings()
    except ValidationError as error:
        wrong = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise CannotDo(f"a setting is wrong. {wrong}") from error
    problem = found.redis_problem()
    if problem:
        raise CannotDo(problem)
    return found


def engine_of(given: Settings) -> Engine:
    """The ledger's database, not yet connected to; CannotDo when there can be no ledger in it."""
    try:
        return open_engine(given.ledger_url)
    except ArgumentError as error:
        raise CannotDo("DATABASE_URL is no address; it can be sqlite:///FILE or postgresql://…") from error
    except ValueError as error:
        raise CannotDo(str(error)) from error


def ready_ledger(given: Settings) -> None:
    """See to it that the ledger's tables are there: the built-in one is migrated, another is checked."""
    engine = engine_of(given)
    try:
        if not given.database_url:
            migrate(engine)
        elif not is_current(engine):
            raise CannotDo("the ledger's tables are not those of this version. Run: prod-access migrate")
    except SQLAlchemyError as error:
        raise CannotDo(f"the ledger's database cannot be reached: {type(error).__name__}") from error
    finally:
        engine.dispose()


def hands() -> Hands:
    """The parts that work without Slack, over a ledger that is ready."""
    given = settings()
    ready_ledger(given)
    return Hands(given)

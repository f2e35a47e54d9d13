"""ministack, corrected, seeded and serving: run by its own interpreter, the one in `.venv-sandbox`.

    .venv-sandbox/bin/python -P sandbox/aws/emulator.py STATE_FOLDER

It picks a free port of 127.0.0.1, writes `credentials.json` and then `emulator.json` (`{"port": ...}`) into
the folder, and lives until its standard input ends, which is when whoever started it is gone.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import threading
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode


def main() -> None:
    """Serves until standard input ends."""
    state = Path(sys.argv[1])
    threading.Thread(target=_end_with_starter, args=[state], daemon=True).start()
    _make_sandbox_importable()
    from sandbox.aws import corrections  # noqa: PLC0415 - importable only now
    from sandbox.aws.corrections.inside import inside  # noqa: PLC0415

    app = inside("app")["app"]
    corrections.apply(state / "dates-stopped")
    asyncio.run(_seed())
    _write(state / "credentials.json", _credentials())
    listening = socket.create_server(("127.0.0.1", 0))
    _write(state / "emulator.json", {"port": listening.getsockname()[1]})
    asyncio.run(_serve(app, listening))


def _make_sandbox_importable() -> None:
    """Makes `sandbox` importable without its neighbours: another interpreter's packages stay out of reach."""
    folder = Path(__file__).resolve().parents[1]
    spec = ModuleSpec("sandbox", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules["sandbox"] = module_from_spec(spec)


async def _seed() -> None:
    from sandbox.aws.seed import steps  # noqa: PLC0415

    for step in steps():
        await _call(step.account, step.service, step.action, step.params)


async def _call(account: str, service: str, action: str, params: Any) -> None:  # noqa: ANN401
    from sandbox.aws import names  # noqa: PLC0415
    from sandbox.aws.corrections.inside import inside  # noqa: PLC0415

    form = service != "logs"
    body = urlencode({"Action": action, **params}) if form else json.dumps(dict(params))
    headers = {
        "content-type": f"application/{'x-www-form-urlencoded' if form else 'x-amz-json-1.1'}",
        "x-amz-target": "" if form else f"Logs_20140328.{action}",
    }
    module = {"logs": "cloudwatch_logs"}.get(service, service)
    serve = inside(f"services.{module}")["handle_request"]
    with inside("core.responses")["request_scope"](account, names.REGION):
        status, _, answer = await serve("POST", "/", headers, body.encode(), {})
    if status >= 400:  # noqa: PLR2004 - HTTP's own border
        raise RuntimeError(f"seeding {service}:{action} answered {status}: {answer!r}")


def _credentials() -> dict[str, dict[str, str]]:
    from sandbox.aws.corrections.inside import inside  # noqa: PLC0415

    stored = inside("services.iam")["_access_keys"].to_dict()
    return {
        f"{account}/{key['UserName']}": {
            "access_key_id": access_key_id,
            "secret_access_key": key["SecretAccessKey"],
        }
        for (account, access_key_id), key in stored.items()
    }


async def _serve(app: Any, listening: socket.socket) -> None:  # noqa: ANN401 - an ASGI application
    hypercorn = import_module("hypercorn.config"), import_module("hypercorn.asyncio")
    config = hypercorn[0].Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.keep_alive_timeout = 75
    await hypercorn[1].serve(app, config)


def _end_with_starter(state: Path) -> None:
    """A starter that was killed cannot tidy up, so the folder goes too."""
    sys.stdin.buffer.read()
    shutil.rmtree(state, ignore_errors=True)
    os._exit(0)


def _write(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()

"""The example organisation as a world needs it: seconds are long enough, and only what runs is reached."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

import policies
from sandbox.identity_center import names

CONSOLE: Final = "prod-db-console"
"""A role through Identity Center: what an organisation that publishes permission sets has."""
_SHORTEST: Final = ("shortest_duration: 5m", "shortest_duration: 5s")


def copy_org(folder: Path, clouds: Sequence[str]) -> Path:
    """The example organisation's files in a folder of their own."""
    shutil.copytree(Path(policies.__file__).parent / "org", folder)
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace(*_SHORTEST), encoding="utf-8")
    if set(clouds) != {"aws", "gcp", "azure"}:
        _reach_only(folder / "roles.yaml", clouds)
    if "identity-center" in clouds:
        _publish_permission_sets(folder)
    return folder


def _reach_only(roles: Path, clouds: Sequence[str]) -> None:
    """Take what is in other clouds out of every role."""
    content = _read(roles)
    for role in content["roles"].values():
        role["entitlements"] = [one for one in role["entitlements"] if one["cloud"] in clouds]
    _write(roles, content)


def _publish_permission_sets(folder: Path) -> None:
    """One role more, through Identity Center, for whoever reads the databases; and who people are there."""
    roles = _read(folder / "roles.yaml")
    through = {
        "cloud": "identity-center",
        "account": "shop-prod",
        "permission_set": next(iter(names.CATALOGUE)),
    }
    like = roles["roles"]["prod-db-readonly"]
    title = "Read production databases in the console"
    roles["roles"][CONSOLE] = {**like, "title": title, "entitlements": [through]}
    _write(folder / "roles.yaml", roles)
    rules = _read(folder / "rules.yaml")
    for rule in rules["rules"]:
        if rule.get("match", {}).get("role") == ["prod-db-readonly"]:
            rule["match"]["role"].append(CONSOLE)
    _write(folder / "rules.yaml", rules)
    clouds = _read(folder / "clouds.yaml")
    clouds["identity_center"] = {"shop-prod": _ACCOUNT}
    _write(folder / "clouds.yaml", clouds)
    people = _read(folder / "people.yaml")
    for name, person in people["people"].items():
        person["identity_center"] = names.user_id(name)
    _write(folder / "people.yaml", people)


_ACCOUNT: Final = {
    "id": names.SHOP_PROD,
    "region": names.REGION,
    "instance": names.INSTANCE,
    "access_role": names.ACCESS_ROLE,
    "external_id": names.EXTERNAL_ID,
    "permission_sets": dict(names.CATALOGUE),
}


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

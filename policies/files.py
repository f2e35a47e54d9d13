"""Reads an organisation's policy from its folder, and refuses what is not clearly right.

    people.yaml   people and groups            roles.yaml    the role catalogue
    clouds.yaml   accounts and how to reach    rules.yaml    settings, windows, rules and their cases
    pagers.yaml   pagers and who is on call, where there are any

Nothing is guessed: unknown words, names nobody has, duplicate keys, anchors, merge keys, tags and durations
without a unit are refused, all at once, each with its file and line. `on`, `off`, `yes` and `no` are text.
The cases beside the rules must be answered as they expect, or the files are not loaded.

    bytes ──▶ strict_yaml ──▶ shapes ──▶ misfits ──▶ the policy ──▶ cases     (lint only warns)

This is the only module of the ring that opens files, and the door to those that check what is in them.
"""

import stat
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from policies.cases import failure
from policies.catalogue import Catalogue
from policies.entitlements import Clouds
from policies.misfits import misfits
from policies.pagers import Pagers
from policies.people import People
from policies.problems import FileRefused, Problem, file_problem
from policies.rules import Place, Policy
from policies.shapes import (
    CLOUDS,
    FILES,
    PAGERS,
    PEOPLE,
    ROLES,
    RULES,
    CloudsFile,
    PagersFile,
    Parts,
    PeopleFile,
    RolesFile,
    RulesFile,
    shaped,
)
from policies.strict_yaml import Document, document

__all__ = [
    "FILES",
    "FileRefused",
    "PolicySource",
    "Problem",
    "load",
    "parse",
    "read",
]

_LARGEST = 1_000_000


def load(folder: Path, *, others_may_write: bool = False) -> Policy:
    """The policy in this folder.

    Raises:
        FileRefused: something in the files, or who may write them, is not right.
    """
    return parse(read(folder, others_may_write=others_may_write))


def read(folder: Path, *, others_may_write: bool = False) -> dict[str, bytes]:
    """The bytes of the files; refused where group or others may write them, unless that is allowed.

    Raises:
        FileRefused: a file is missing, unreadable, too large, or could be changed by others.
    """
    problems: list[Problem] = []
    contents: dict[str, bytes] = {}
    if not others_may_write and _open_to_others(folder):
        problems.append(file_problem(folder.name, "group or others may write in this folder"))
    for name in (*FILES, PAGERS) if (folder / PAGERS).exists() else FILES:
        try:
            contents[name] = _read_one(folder / name, others_may_write=others_may_write)
        except OSError as error:
            problems.append(file_problem(name, f"cannot be read: {error.strerror}"))
        except FileRefused as refused:
            problems.extend(refused.problems)
    if problems:
        raise FileRefused(problems)
    return contents


def _read_one(path: Path, *, others_may_write: bool) -> bytes:
    content = path.read_bytes()
    if not others_may_write and _open_to_others(path):
        raise FileRefused([file_problem(path.name, "group or others may write this file")])
    if len(content) > _LARGEST:
        raise FileRefused([file_problem(path.name, "is larger than 1 MB")])
    return content


def _open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def parse(contents: Mapping[str, bytes]) -> Policy:
    """The policy these files hold, by file name.

    Raises:
        FileRefused: naming everything that is wrong, sorted by file and line.
    """
    problems: list[Problem] = []
    documents = _documents(contents, problems)
    parts = Parts(
        people=shaped(documents.get(PEOPLE), PeopleFile, problems),
        roles=shaped(documents.get(ROLES), RolesFile, problems),
        rules=shaped(documents.get(RULES), RulesFile, problems),
        clouds=shaped(documents.get(CLOUDS), CloudsFile, problems),
        pagers=shaped(documents.get(PAGERS), PagersFile, problems) if PAGERS in contents else PagersFile(),
    )
    problems.extend(documents[file].problem(where, text) for file, where, text in misfits(parts))
    people, roles, rules, clouds, pagers = parts
    if problems or people is None or roles is None or rules is None or clouds is None or pagers is None:
        raise FileRefused(problems)
    policy = Policy(
        people=People(people=tuple(people.people.values()), groups=tuple(people.groups.values())),
        catalogue=Catalogue(roles=tuple(roles.roles.values())),
        clouds=Clouds(
            aws=tuple(clouds.aws.values()),
            identity_center=tuple(clouds.identity_center.values()),
            gcp=tuple(clouds.gcp.values()),
            azure=tuple(clouds.azure.values()),
        ),
        rules=rules.rules,
        windows=tuple(rules.windows.values()),
        settings=rules.settings,
        pagers=Pagers(
            pagers=tuple(pagers.pagers.values()),
            schedules=tuple(pagers.schedules.values()),
            services=tuple(pagers.services.values()),
            rotas=tuple(pagers.rotas.values()),
        ),
        cases=rules.cases,
        places=tuple(_places(documents)),
    )
    failures = [
        documents[RULES].problem(("cases", number), text)
        for number, case in enumerate(policy.cases)
        if (text := failure(policy, case))
    ]
    if failures:
        raise FileRefused(failures)
    return policy


def _documents(contents: Mapping[str, bytes], problems: list[Problem]) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for file in (*FILES, PAGERS) if PAGERS in contents else FILES:
        try:
            documents[file] = document(file, contents[file])
        except FileRefused as refused:
            problems.extend(refused.problems)
    return documents


def _places(documents: Mapping[str, Document]) -> Iterator[Place]:
    for file, section in ((PEOPLE, "groups"), (ROLES, "roles"), (RULES, "windows"), (RULES, "rules")):
        for name, line in documents[file].entries(section):
            yield Place(section=section, name=name, file=file, line=line)


class PolicySource:
    """The policy in force: read once, read again when asked, and kept while what is read is refused."""

    def __init__(self, read_files: Callable[[], Mapping[str, bytes]]) -> None:
        self._read_files = read_files
        self._seen: Mapping[str, bytes] | None = read_files()
        self._current = parse(self._seen)
        self._last_refusal: FileRefused | None = None

    @classmethod
    def of_folder(cls, folder: Path, *, others_may_write: bool = False) -> "PolicySource":
        """A source that reads this folder.

        Raises:
            FileRefused: there is nothing to start with.
        """
        return cls(partial(read, folder, others_may_write=others_may_write))

    @property
    def current(self) -> Policy:
        """The last policy that was right."""
        return self._current

    @property
    def last_refusal(self) -> FileRefused | None:
        """Why the files as they are now are not in force; None when they are."""
        return self._last_refusal

    def refresh(self) -> bool:
        """Read again; True when another policy is in force now. What is refused changes nothing."""
        try:
            return self._take(self._read_files())
        except FileRefused as refused:
            self._seen, self._last_refusal = None, refused
            return False

    def _take(self, contents: Mapping[str, bytes]) -> bool:
        if contents == self._seen:
            return False
        before = self._current.hash
        self._current = parse(contents)
        self._seen, self._last_refusal = contents, None
        return self._current.hash != before

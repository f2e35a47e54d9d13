"""What is wrong in an organisation's files, and where: one problem a line, as an editor can jump to it.

```
PolicyError
└── FileRefused      what is wrong, as one line per problem: `rules.yaml:41: unknown word "requster_in". ...`
```
"""

from collections.abc import Iterable

from policies.values import PolicyError, Value

Where = tuple[int | str, ...]
"""The steps from the top of a file to a place in it: keys, and numbers or names in lists."""


class Problem(Value):
    """One thing that is wrong, and where."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """The problem as an editor can jump to it: `rules.yaml:41: ...`."""
        return f"{self.file}:{self.line}: {self.text}"


class FileRefused(PolicyError):
    """The organisation's files cannot be loaded; its text is one line per problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def file_problem(file: str, text: str) -> Problem:
    """Something that is wrong with a file as a whole."""
    return Problem(file=file, line=1, text=text)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by file and line."""
    return tuple(sorted(problems, key=lambda one: (one.file, one.line, one.text)))

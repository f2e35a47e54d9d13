"""What looks like a key, and must not be stored or echoed."""

import re
from collections.abc import Sequence

from bot.slack.line.words import Word

_SECRET = re.compile(
    r"""
      (?<![A-Za-z0-9]) (?:AKIA[A-Z0-9]{4,} | (?:ASIA|ABIA|ACCA)[A-Z0-9]{12,})       # AWS key ids
    | (?<![A-Za-z0-9/+=]) (?=[A-Za-z0-9/+]*[a-z]) (?=[A-Za-z0-9/+]*[A-Z]) (?=[A-Za-z0-9/+]*[0-9])
      (?![0-9a-fA-F]{40}) [A-Za-z0-9/+]{40} (?![A-Za-z0-9/+=])                     # AWS secret keys
    | -{3} \s? BEGIN                                                               # PEM and OpenSSH
    | (?<![A-Za-z0-9]) (?i:xox[a-z]|xapp) [-.] [A-Za-z0-9]                         # Slack
    | hooks\.slack\.com/services/\w
    | (?<![A-Za-z0-9]) (?:gh[a-z]_[A-Za-z0-9]{4,} | github_pat_\w{4,})             # GitHub
    | (?<![A-Za-z0-9]) (?:glpat-[\w-]{8,} | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{20,})
    | (?<![A-Za-z0-9]) (?:AIza[\w-]{20,} | ya29\.[\w-]{10,} | GOCSPX-[\w-]{8,})    # Google
    | [0-9]Q~[\w~.-]{20,}                                                          # Entra
    | (?<![A-Za-z0-9]) (?:sk-[\w-]{20,} | [rs]k_(?:live|test)_\w{4,})
    | (?<![A-Za-z0-9]) eyJ[\w-]{8,500}\.[\w-]{8}                                   # a signed token
    | (?<!\w) [a-z][a-z0-9+]{1,15}://[^\s/:@]{1,64}:[^\s/@]{1,256}@                # a password in an address
    | (?i:password|passwd|pwd|secret|token|api_?key|account_?key|access_?key)=[^\s&]
    | (?i:aws_secret_access_key|aws_session_token|client_secret) \s? [=:] \s? \S
    """,
    re.VERBOSE,
)
_BETWEEN = "\n"


def first_secret(words: Sequence[Word]) -> int | None:
    """The position of the first word that looks like a key, or begins one."""
    joined = _BETWEEN.join(word.plain for word in words)
    found = _SECRET.search(joined)
    return joined.count(_BETWEEN, 0, found.start()) if found else None

"""Where ministack is laxer than AWS, made as strict: run inside ministack's own process.

Nothing here makes a call succeed that AWS refuses. Each rule cites AWS; the ministack version is locked by
hash in `requirements.txt`, so what is replaced here is known to be there.

Gaps left, all known and none corrected:

- a trust policy names a user by ARN for ever; AWS pins the unique id, so a user deleted and made again is
  another user there (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html);
- changes are in force at once; AWS says "a few minutes" may pass
  (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, eventual consistency);
- no service control policies, no policy variables, no transitive session tags, no `iam:PassRole` check;
- only some of AWS's own managed policies exist: attaching another answers NoSuchEntity.
"""

from pathlib import Path

from sandbox.aws.corrections import assume, authorization, dates, parameters, roles, sessions


def apply(dates_stopped: Path) -> None:
    """Corrects the ministack of this process; `dates_stopped` is the file `dates` looks for."""
    sessions.correct()
    authorization.correct()
    assume.correct()
    roles.correct()
    parameters.correct()
    dates.correct(dates_stopped)

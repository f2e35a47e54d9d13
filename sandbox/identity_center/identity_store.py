"""The calls of the identity store: https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/."""

from typing import Any

from sandbox.identity_center import names
from sandbox.identity_center.asked import Asked
from sandbox.identity_center.callers import Standing
from sandbox.identity_center.errors import denied, invalid, not_found

Answer = dict[str, Any]


def check_access(asked: Asked, action: str) -> None:
    """Refuses a caller whose policies do not allow the call."""
    reads = action.startswith(("Describe", "Get", "List"))
    if asked.caller.standing is Standing.OPERATOR or (asked.caller.standing is Standing.ACCESS and reads):
        return
    raise denied(asked.caller.name, f"identitystore:{action}", names.IDENTITY_STORE)


def describe_user(asked: Asked) -> Answer:
    """One user."""
    _store(asked)
    return _shown(asked.word("UserId"), _user(asked))


def get_user_id(asked: Asked) -> Answer:
    """The id of the user with this user name or e-mail address."""
    _store(asked)
    unique = (asked.body.get("AlternateIdentifier") or {}).get("UniqueAttribute") or {}
    path, value = unique.get("AttributePath"), unique.get("AttributeValue")
    if path not in {"userName", "emails.value"}:
        raise invalid("The attribute path is not one of userName, emails.value")
    for user, person in asked.center.directory.users.items():
        if value in {person, _email(person)}:
            return {"IdentityStoreId": names.IDENTITY_STORE, "UserId": user}
    raise not_found("USER not found.")


def list_users(asked: Asked) -> Answer:
    """All users."""
    _store(asked)
    page, more = asked.page(sorted(asked.center.directory.users.items()))
    return {"Users": [_shown(user, person) for user, person in page], **more}


def delete_user(asked: Asked) -> Answer:
    """A user leaves; what they are assigned stays behind."""
    _store(asked)
    _user(asked)
    del asked.center.directory.users[asked.word("UserId")]
    return {}


def _shown(user: str, person: str) -> Answer:
    return {
        "IdentityStoreId": names.IDENTITY_STORE,
        "UserId": user,
        "UserName": person,
        "DisplayName": person.capitalize(),
        "Emails": [{"Value": _email(person), "Primary": True}],
    }


def _email(person: str) -> str:
    return f"{person}@meridian.example"


def _user(asked: Asked) -> str:
    found = asked.center.directory.users.get(asked.word("UserId"))
    if found is None:
        raise not_found("USER not found.")
    return found


def _store(asked: Asked) -> None:
    if asked.word("IdentityStoreId") != names.IDENTITY_STORE:
        raise not_found("IdentityStore not found.")

"""A token of a person's own Google account, or of a service account that they may be for a while."""

from datetime import timedelta
from typing import Final

import google.auth
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.cloud.iam_credentials_v1 import IAMCredentialsClient

from cli.output import CannotDo, SaysNo

_SCOPES: Final = ["https://www.googleapis.com/auth/cloud-platform"]
_LONGEST: Final = timedelta(hours=1)
_SECONDS: Final = 10.0


def own_token() -> str:
    """An access token of one's own Application Default Credentials.

    Raises:
        CannotDo: there are none, or Google is not reached.
    """
    try:
        credentials = _own()
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise CannotDo(_not_signed_in(error)) from error
    return str(credentials.token)


def token_of(account: str, left: timedelta, endpoint: str | None) -> str:
    """An access token of a service account, good for what is left and an hour at most.

    Raises:
        CannotDo: there are no credentials of one's own, or Google is not reached.
        SaysNo: one may not be that account.
    """
    wanted = {
        "name": f"projects/-/serviceAccounts/{account}",
        "scope": _SCOPES,
        "lifetime": max(min(left, _LONGEST), timedelta(seconds=1)),
    }
    try:
        made = _client(endpoint).generate_access_token(request=wanted, timeout=_SECONDS)
    except GoogleAuthError as error:
        raise CannotDo(_not_signed_in(error)) from error
    except (GoogleAPICallError, RetryError) as error:
        raise SaysNo(f"Google did not let you be {account} ({type(error).__name__}).") from None
    return str(made.access_token)


def _client(endpoint: str | None) -> IAMCredentialsClient:
    options = {"api_endpoint": endpoint} if endpoint else None
    return IAMCredentialsClient(credentials=_own(), transport="rest", client_options=options)


def _own() -> Credentials:
    credentials, _project = google.auth.default(scopes=_SCOPES)
    found: Credentials = credentials
    return found


def _not_signed_in(error: Exception) -> str:
    what = f"your own Google account could not be used ({type(error).__name__})"
    return f"{what}. Run: gcloud auth application-default login"

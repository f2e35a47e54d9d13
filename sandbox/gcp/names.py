"""What the pretend Google Cloud calls things: organisation, folder, projects, people, service accounts."""

from typing import Final

DOMAIN: Final = "meridian.example"
ORGANIZATION: Final = "organizations/123456789012"
FOLDER: Final = "folders/345678901234"
"""Production: between the organisation and shop-prod."""

SHOP_PROD: Final = "shop-prod"
"""The project people ask access to."""
SHOP_PROD_NUMBER: Final = "567890123456"
TOOLING: Final = "tooling"
"""The project the workers' service account lives in."""
TOOLING_NUMBER: Final = "678901234567"

PEOPLE: Final = ("ana", "ben", "chloe", "dev", "emi", "ivy")
OPERATOR: Final = "operator"
"""May do anything in the organisation: the hand behind our back in a test."""
ENGINEERS: Final = f"engineers@{DOMAIN}"
SRE: Final = f"sre@{DOMAIN}"

WORKER: Final = f"prod-access-worker@{TOOLING}.iam.gserviceaccount.com"
"""The workers' service account: may read shop-prod's policy, and change it for the catalogue's roles only."""
STRANGER: Final = f"build-robot@{TOOLING}.iam.gserviceaccount.com"
"""A service account with a key that may do nothing."""
BROKERED: Final = f"prod-reader@{SHOP_PROD}.iam.gserviceaccount.com"
"""Reads the databases of shop-prod; the worker may make short-lived tokens of it."""
COMPUTE: Final = f"{SHOP_PROD_NUMBER}-compute@developer.gserviceaccount.com"

CATALOGUE: Final = (
    "roles/cloudsql.viewer",
    "roles/cloudsql.editor",
    "roles/logging.viewer",
    "roles/run.developer",
    f"projects/{SHOP_PROD}/roles/incidentResponder",
)
"""The roles the worker may grant: its admin binding names them, at most ten."""

DATABASES: Final = ("orders", "payments")
CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"


def email(person: str) -> str:
    """A person's account."""
    return f"{person}@{DOMAIN}"


def member(person: str) -> str:
    """A person as a policy names them."""
    return f"user:{email(person)}"

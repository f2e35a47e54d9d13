"""What the pretend AWS calls things: accounts, people, roles, policies."""

from typing import Final

REGION: Final = "eu-central-1"

SHOP_PROD: Final = "111122223333"
"""The account people ask access to."""
TOOLING: Final = "444455556666"
"""The account the workers live in."""
PEOPLE_ACCOUNT: Final = "777788889999"
"""The account people sign in to."""

PEOPLE: Final = ("ana", "ben", "chloe", "dev", "ivy")
WORKER: Final = "prod-access-worker"
"""The workers' user, in the tooling account: it may assume the spoke role and nothing else."""
PORTAL: Final = "sign-in-portal"
"""Signs people in to the base role under their own name, as a portal for single sign-on does."""
AUDITOR: Final = "auditor"
"""Reads every role of shop-prod: the cloud view."""
OPERATOR: Final = "operator"
"""May do anything in shop-prod: the hand behind our back in a test."""

LEASED_PATH: Final = "/prod-access/"
LEASED_ROLES: Final = f"arn:aws:iam::{SHOP_PROD}:role{LEASED_PATH}*"

SPOKE_ROLE: Final = f"arn:aws:iam::{SHOP_PROD}:role/prod-access-spoke"
EXTERNAL_ID: Final = "meridian-prod-access"
BASE_ROLE: Final = f"arn:aws:iam::{PEOPLE_ACCOUNT}:role/engineer"

BOUNDARY: Final = f"arn:aws:iam::{SHOP_PROD}:policy/prod-access-boundary"
CATALOGUE: Final = {
    name: f"arn:aws:iam::{SHOP_PROD}:policy/{name}"
    for name in ("rds-readonly", "rds-write", "logs-readonly", "ecs-operator", "admin-in-boundary")
}
"""The customer managed policies a catalogue entry may name."""

DATABASE: Final = "orders"
LOG_GROUP: Final = "/shop/orders"


def person_arn(name: str) -> str:
    """The IAM user a person signs in as; what a leased role's trust names."""
    return f"arn:aws:iam::{PEOPLE_ACCOUNT}:user/{name}"


def credential_name(account: str, user: str) -> str:
    """The name a user's access key goes by in the stand-in's credentials."""
    return f"{account}/{user}"

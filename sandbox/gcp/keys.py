"""Service-account key files, as `gcloud iam service-accounts keys create` writes them, and sign-ins."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.gcp.directory import ServiceAccount

_BITS: Final = 2_048


@dataclass(frozen=True)
class Account:
    """A person's way in: the refresh token `gcloud auth login` keeps."""

    email: str
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class Key:
    """One key of a service account."""

    account: ServiceAccount
    key_id: str

    def file(self, token_uri: str) -> dict[str, Any]:
        """The key file."""
        return {
            "type": "service_account",
            "project_id": self.account.project,
            "private_key_id": self.key_id,
            "private_key": _private(),
            "client_email": self.account.email,
            "client_id": self.account.number,
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }

    def certificate(self) -> str:
        """What checks its signatures."""
        return _public()


@cache
def _key() -> rsa.RSAPrivateKey:
    """One pair for every key of the sandbox: making one takes a while, and nothing here is secret."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)


@cache
def _private() -> str:
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return _key().private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


@cache
def _public() -> str:
    pem, info = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _key().public_key().public_bytes(pem, info).decode()

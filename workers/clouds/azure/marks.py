"""The signed text that our assignments carry: in a description, or in the justification of a PIM request.

    prod-access instance=… grant=… request=… person=… role=… ends=… signature=…

It is read by people too, so it is words. Azure keeps 2 KB of a description; this is a few hundred bytes.
"""

import re
from datetime import datetime
from typing import Final

from workers.clouds.azure.client import AzureClient
from workers.clouds.cloud import Holding
from workers.clouds.labels import Labels

PRODUCT: Final = "prod-access"
_WORD: Final = re.compile(r"([a-z]+)=(\S+)")


class Marks:
    """Writes the text, and judges whether what carries one is ours."""

    def __init__(self, labels: Labels, client: AzureClient) -> None:
        self._labels = labels
        self._client = client

    def text(self, holding: Holding, until: datetime) -> str:
        """The text of a holding that ends at `until`."""
        labels = self._labels.of(holding, until)
        return " ".join([PRODUCT, *(f"{name}={value}" for name, value in labels.items())])

    def under_ours(self, text: str | None) -> bool:
        """Whether a text says that it is ours; anybody can write that."""
        return read(text).get("instance") == self._client.instance

    def signed(self, key: str, text: str | None) -> bool:
        """Whether we wrote this text, for this very holding."""
        return self._labels.genuine(key, read(text))

    def made(self, key: str, text: str | None, maker: str | None, *, unmarked: bool) -> bool:
        """Whether we made what carries this text: we signed it, or our own identity did it in our name.

        So what we made still ends when the signing key is lost. `unmarked` is said of our identity's own
        work without a readable text, which somebody may have edited.
        """
        if self.signed(key, text):
            return True
        by_us = bool(maker) and maker == self._client.identity().object_id
        return by_us and (self.under_ours(text) if read(text) else unmarked)


def read(text: str | None) -> dict[str, str]:
    """The labels in a text; none where it is not such a text."""
    product, _, rest = (text or "").partition(" ")
    return dict(_WORD.findall(rest)) if product == PRODUCT else {}

"""What the clouds say of themselves: how long a change may take until they obey it.

These figures are theirs. Nobody sets them, and what a card says with them is called theirs on the card.
"""

from datetime import timedelta
from typing import Final

GOOGLE_OBEYS: Final = timedelta(minutes=7)
"""How long a change of a Google policy may take to be obeyed, given or taken; "or longer", Google adds
(https://cloud.google.com/iam/docs/access-change-propagation)."""
AZURE_OBEYS: Final = timedelta(minutes=10)
"""How long an Azure role assignment, made or removed, may take to be obeyed
(https://learn.microsoft.com/azure/role-based-access-control/troubleshooting)."""
IDENTITY_CENTER_SESSION: Final = timedelta(hours=1)
"""How long a session that Identity Center gave out lives on, unless its permission set says otherwise
(https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html)."""

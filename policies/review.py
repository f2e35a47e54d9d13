"""The review of access that nobody had to approve: somebody else looks at it afterwards, in time.

    open ─remind*─▶ open ─answer─▶ as expected | needs follow-up

It is opened with the access itself and is due from then on, so it cannot be forgotten with its end. Who had
the access, and who handed it out, do not review it. Until it is answered its holder has no other emergency,
unless that is about the same incident and the review is not overdue.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policies.audit import Event, Json, moment_text
from policies.moves import Moved, after
from policies.values import GroupName, IncidentId, Moment, PersonId, RequestId, Value

REMINDED: Final = timedelta(hours=2)
"""How long before it is due its reviewers are reminded; after that, each time it has been overdue as long."""


class Verdict(StrEnum):
    """What a reviewer makes of it."""

    AS_EXPECTED = "as_expected"
    NEEDS_FOLLOW_UP = "needs_follow_up"


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "open"
    ANSWERED = "answered"


class ReviewVerb(StrEnum):
    """What can be done to a review."""

    REMIND = "remind"
    ANSWER = "answer"


REVIEW_MOVES: Final = {
    (ReviewState.OPEN, ReviewVerb.REMIND): ReviewState.OPEN,
    (ReviewState.OPEN, ReviewVerb.ANSWER): ReviewState.ANSWERED,
}
"""Every move there is; a pair that is not here raises IllegalMove."""


class Review(Value):
    """One review, of one request."""

    id: RequestId
    version: int = 0
    state: ReviewState = ReviewState.OPEN
    holder: PersonId
    handed_out_by: PersonId
    """Who asked for it; the holder where nobody else did."""
    reviewers: tuple[GroupName, ...]
    incident: IncidentId | None = None
    opened_at: Moment
    ends_at: Moment
    """When it is due."""
    due_at: Moment | None
    """When somebody is next reminded."""
    verdict: Verdict | None = None
    answered_by: PersonId | None = None
    answered_at: Moment | None = None
    note: str | None = None

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been answered by now."""
        return self.state is ReviewState.OPEN and self.ends_at <= now

    @property
    def reminds(self) -> bool:
        """Whether somebody was reminded of it and it still waits."""
        return self.state is ReviewState.OPEN and self.version > 0

    def moved(self, verb: ReviewVerb, **changes: object) -> "Review":
        """This review after a verb, one version on (IllegalMove when it has no such verb now)."""
        state = after(REVIEW_MOVES, self.state, verb)
        return self.model_copy(update={"state": state, "version": self.version + 1, **changes})

    def event(self, word: str, at: datetime, **body: Json) -> Event:
        """An audit event about this review."""
        return Event(kind=f"review.{word}", at=at, body={"request": self.id, **body})


def opened(review: Review) -> Moved[Review]:
    """A new review, with its first reminder set."""
    remind_at = max(review.opened_at, review.ends_at - REMINDED)
    due = moment_text(review.ends_at)
    waiting = review.model_copy(update={"due_at": remind_at})
    event = review.event("opened", review.opened_at, holder=review.holder, ends_at=due)
    return Moved(waiting, (event,))


def reminded(review: Review, at: datetime) -> Moved[Review]:
    """Its reviewers are told again; and once more after every such time."""
    next_at = review.ends_at if at < review.ends_at else at + REMINDED
    moved = review.moved(ReviewVerb.REMIND, due_at=next_at)
    return Moved(moved, (review.event("reminded", at, overdue=review.overdue(at)),))


def answered(review: Review, by: PersonId, verdict: Verdict, note: str | None, at: datetime) -> Moved[Review]:
    """Somebody who may has looked at it; `note` is the reference of what they wrote."""
    moved = review.moved(
        ReviewVerb.ANSWER, verdict=verdict, answered_by=by, answered_at=at, note=note, due_at=None
    )
    return Moved(moved, (review.event("answered", at, by=by, verdict=verdict.value, note=note),))

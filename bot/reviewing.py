"""Reviews: somebody who had no part in it looks at what nobody had to approve."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from bot.answers import LedgerAway, NoRules, UnknownCard
from bot.deciding import Click, note_click
from bot.transacting import transact
from policies.review import Review, ReviewState, Verdict, answered
from policies.rules import Policy
from policies.values import PersonId, RequestId
from workers.ledger import reviews
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

_OF_A_REVIEW = "/review"


class Reviewed(NamedTuple):
    """The review is done."""

    review: Review


class NotYourReview(NamedTuple):
    """Who had the access or handed it out does not review it, nor does anybody outside the reviewers."""

    review: Review


class StillRuns(NamedTuple):
    """It is reviewed once it has ended: what is done under it is not over yet."""

    review: Review


class ReviewedAlready(NamedTuple):
    """Somebody was faster."""

    review: Review


ReviewAnswer: TypeAlias = (
    Reviewed | NotYourReview | StillRuns | ReviewedAlready | UnknownCard | NoRules | LedgerAway
)


def token_name(request: RequestId) -> RequestId:
    """What the tokens of a review's buttons stand for, apart from those of the request itself."""
    return RequestId(f"{request}{_OF_A_REVIEW}")


class Reviews:
    """The verbs about reviews."""

    def __init__(self, ledger: Ledger, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._policy = policy

    def answer(self, click: Click, verdict: Verdict, note: str | None = None) -> ReviewAnswer:
        """Say what one makes of it, if one may."""

        def work(writing: Writing, policy: Policy) -> ReviewAnswer:
            review = _reviewable(writing, policy, click)
            if not isinstance(review, Review):
                return review
            text = writing.keep_text(note) if note else None
            moved = answered(review, click.person, verdict, text, writing.now)
            return Reviewed(reviews.save(writing, moved))

        return transact(self._ledger, self._policy(), work)

    def would_answer(self, click: Click) -> ReviewAnswer | None:
        """Why this person cannot review what the click is on; None when they can."""

        def work(writing: Writing, policy: Policy) -> ReviewAnswer | None:
            review = _reviewable(writing, policy, click)
            return None if isinstance(review, Review) else review

        return transact(self._ledger, self._policy(), work)


def _reviewable(writing: Writing, policy: Policy, click: Click) -> Review | ReviewAnswer:
    """The review that a click is on, or why this person does not answer it."""
    review = _meant(writing, click)
    if review is None:
        return UnknownCard()
    if review.state is not ReviewState.OPEN:
        return ReviewedAlready(review)
    request = writing.request(review.id)
    if not may_review(policy, click.person, review):
        note_click(writing, click.person, "not_a_reviewer", request)
        return NotYourReview(review)
    return review if request is None or request.state.over else StillRuns(review)


def may_review(policy: Policy, person: PersonId, review: Review) -> bool:
    """One of the reviewers as they are now, who neither had the access nor handed it out."""
    reviewers = set(review.reviewers) | set(policy.settings.reviewers)
    had_a_part = person in {review.holder, review.handed_out_by}
    return not had_a_part and bool(policy.people.groups_of(person) & reviewers)


def reviewers_of(policy: Policy, review: Review) -> tuple[PersonId, ...]:
    """Everybody who may review it now, by id."""
    groups = {*review.reviewers, *policy.settings.reviewers}
    people = {person.id for group in groups for person in policy.people.members(group)}
    return tuple(sorted(person for person in people if may_review(policy, person, review)))


def _meant(writing: Writing, click: Click) -> Review | None:
    token = writing.token(click.token)
    if token is None or not token.request.endswith(_OF_A_REVIEW):
        return None
    return reviews.find(writing, RequestId(token.request.removesuffix(_OF_A_REVIEW)))

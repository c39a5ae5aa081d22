"""What a person at the desk does with reports: see subscriptions and runs, look at a mail, send one, send one again.

The admin page, the preview and the command line call these; rights are checked here and in the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from aggregations.question import Moment, Question
from aggregations.reader import Reader
from aggregations.rollup import resolve
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.mailing import BY_HAND, NO_WAVE, RESENDABLE, Run, State, Subscription
from hubstat.errors import QueryError
from hubstat.figures.formats import Lang
from reports.delivery.book import Book
from reports.delivery.orders import report_of
from reports.delivery.pictures import with_pictures
from reports.delivery.post import Post
from reports.delivery.recipients import Recipients
from reports.model import Content, Mail, Order


@dataclass(frozen=True, slots=True)
class Desk:
    """The functions of the page and of ``hubstat report``. All of them block."""

    book: Book
    post: Post
    content: Content
    reader: Reader
    recipients: Recipients
    board_url: str

    def subscriptions(self) -> list[Subscription]:
        """Every subscription, also those that hold no more, by recipient and hub."""
        return self.book.subscriptions()

    def runs(self, limit: int = 200, state: State | None = None) -> list[Run]:
        """The latest runs (of a state), the latest due first."""
        return self.book.runs(limit, state)

    def resend(self, run_id: str) -> Run:
        """Send a run that failed, is of unknown fate, was skipped or only stored; the run as it is then.

        Its (T, K) and its Message-ID stay. Raises ``QueryError`` where it is none of these.
        """
        run = self.book.run(run_id)
        if run is None:
            raise QueryError(f"there is no run {run_id}: see `hubstat report runs`")
        if run.state not in RESENDABLE:
            raise QueryError(f"run {run_id} is {run.state}: only {', '.join(RESENDABLE)} can be sent again")
        return self.post.send_again(run)

    def order(
        self,
        report: str,
        service_date: date,
        level: str = "nationwide",
        hub: str | None = None,
        *,
        wave: str | None = None,
        as_of: int | None = None,
        known_at: int | None = None,
    ) -> Order:
        """An order for one hub; T and K default as in ``hubstat query``. Raises ``QueryError``.

        Of a date that is still open K defaults to the time up to which the data reach, and T is never after it: the
        same order gives the same figures for ever.
        """
        name = report_of(report)
        if name == "wave-close" and wave is None:
            raise QueryError("wave-close is the report of one wave: name it, such as --wave DAWN")
        question = Question(level, service_date, hub=hub, as_of=as_of, known_at=known_at)
        now = self.reader.clock()
        moment = question.moment(now, self.reader.zone)
        if known_at is None and now < tm.closing(service_date, self.reader.zone):
            moment = self._written(moment, now)
        tree = self.reader.store.master_data(self.reader.country).hierarchy.on(service_date)
        scope = resolve(tree, level, hub)
        return Order(name, service_date, wave, scope.level, scope.hub, moment.as_of, moment.known_at)

    def _written(self, moment: Moment, now: int) -> Moment:
        """A moment no later than what is surely written; as it is where ingest does not say how far that is."""
        data_to = self.reader.data_to(now)
        if data_to is None:
            return moment
        known_at = min(now, data_to)
        return Moment(min(moment.as_of, known_at), known_at)

    def preview(self, order: Order, lang: Lang, viewer: Viewer | None = None, *, names: bool = False) -> Mail:
        """The mail of an order as it would be sent; nothing is sent or recorded.

        viewer: whose rights hold; None: the person at this machine, who may see all. Raises ``AccessError``.
        """
        seen_by = viewer or Viewer.everything(self.reader.country)
        part = self.content.part(seen_by, order, None)
        return self.content.mail(part, lang, names=names, board_url=self.board_url, unsubscribe_url=None, late=False)

    def preview_html(self, order: Order, lang: Lang, viewer: Viewer | None = None) -> str:
        """The HTML of ``preview`` with its pictures inside, for a sandboxed frame."""
        return html_of(self.preview(order, lang, viewer))

    def send_now(self, order: Order, recipient: str, lang: Lang | None = None) -> Run:
        """Send one report to one person at once, in their language; the run as it is then.

        recipient: a subscriber, within their rights; or an address of an allowed domain, with the rights of the person
        at this machine. Raises ``QueryError`` where it is neither, ``AccessError`` where the hub is not theirs.
        """
        viewer, subscription = self.recipients.known(recipient, order)
        self.recipients.require(viewer, order)
        now = self.reader.clock()
        run = Run(
            order.report,
            order.service_date,
            order.wave or NO_WAVE,
            order.level,
            order.hub,
            viewer.name,
            f"{BY_HAND}{now}",
            lang or (subscription.lang if subscription else "ko"),
            bool(subscription and subscription.names and _is_about(subscription, order)),
            False,
            now,
            order.as_of,
            order.known_at,
            "claimed",
            now,
        )
        return self.post.send(run)


def _is_about(subscription: Subscription, order: Order) -> bool:
    """Whether it is one to just the hub of an order: the right to names at one hub is none at another."""
    return (subscription.level, subscription.hub) == (order.level, order.hub)


def html_of(mail: Mail) -> str:
    """Its HTML with its pictures inside."""
    return with_pictures(mail.html, {image.cid: image.png for image in mail.images})

"""Takes claimed runs to their end: built, handed over, and recorded.

The order in which a run moves, each step written before the next is taken:
1. *claimed*: its document was created; nobody else can create it again;
2. *building*: its owner has begun; the document names the owner;
3. *handing-over*: written just before the mail server hears of the mail. From here on nobody repeats it by himself;
4. *sent*, *failed*, *unknown*: what the server answered, or that it did not.
A step is taken only where the document is still as this process wrote it last: whoever was overtaken stops.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from hubstat.domain import time as tm
from hubstat.domain.mailing import Run, Subscription
from hubstat.errors import AccessError, EngineError, HubstatError
from reports.delivery.batch import Batch, Trouble
from reports.delivery.book import Book
from reports.delivery.message import Letter, address_of, domain_of, message_of
from reports.delivery.orders import lang_of, order_of
from reports.delivery.presence import Presence
from reports.delivery.recipients import Recipients
from reports.delivery.smtp import Carrier, Lost, PutOff, Refused
from reports.delivery.tokens import Tokens
from reports.model import Content, Mail, Order, Part

log = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 30 * tm.MINUTE
# Stands for the token in a mail that several recipients share.
_TOKEN: Final = "recipients-own-token"


@dataclass(frozen=True, slots=True)
class Options:
    """sender: ``name <address>``. attempts: after so many a run has failed. first_pause: ms. at_once: connections."""

    sender: str
    board_url: str
    attempts: int
    first_pause: int
    at_once: int

    def pause(self, attempts: int) -> int:
        """How long (ms) to wait after so many tries."""
        return min(_LONGEST_PAUSE, self.first_pause << min(attempts - 1, 30))


class Post:
    """Sends runs. One batch at a time; within it, mails go out over several connections."""

    def __init__(
        self,
        book: Book,
        content: Content,
        carrier: Carrier,
        recipients: Recipients,
        tokens: Tokens,
        options: Options,
        presence: Presence,
        clock: Callable[[], int],
    ) -> None:
        self._book = book
        self._content = content
        self._carrier = carrier
        self._recipients = recipients
        self._tokens = tokens
        self._options = options
        self.presence = presence
        self._clock = clock
        self._busy = threading.Lock()
        self._unrecorded: dict[str, Run] = {}
        self.stopping = threading.Event()

    def send(self, run: Run) -> Run:
        """Claim one run and send it at once; the run as it is then."""
        with self.presence:
            claimed = self._book.claim([replace(run, owner=self.presence.owner)])
            self.work(claimed)
            return self._book.run(run.id) or run

    def send_again(self, run: Run) -> Run:
        """Send a run that has ended otherwise than by being sent; the run as it is then."""
        with self.presence:
            again = replace(
                run,
                state="claimed",
                owner=self.presence.owner,
                claimed_at=self._clock(),
                building_at=None,
                handing_over_at=None,
                ended_at=None,
                error=None,
                attempts=0,
                next_try_at=0,
                alerted=False,
            )
            moved = self._book.move(again)
            self.work([] if moved is None else [moved])
            return self._book.run(run.id) or run

    def work(self, runs: Sequence[Run]) -> None:
        """Build and hand over claimed runs. Returns when each has ended, was put off, or is somebody else's.

        A hub's figures are read once for all its recipients, a mail written once for all of a language. What one run
        fails of is written to it and holds up no other. Raises ``EngineError`` where the store does not answer.
        """
        if not runs:
            return
        with self._busy, self.presence:
            batch = Batch(len(runs))
            subscriptions = self._by_recipient()
            last = {series: order_of(run) for series, run in self._last_sent(runs).items()}
            orders = [(order_of(run), last.get(run.series), run) for run in runs]
            orders.sort(key=lambda each: _key(each[0], each[1]))
            with ThreadPoolExecutor(self._options.at_once, "mail") as pool:
                for _, group in groupby(orders, key=lambda each: _key(each[0], each[1])):
                    items = list(group)
                    if self.stopping.is_set():
                        break  # what is only claimed is taken over by whoever comes next
                    self._group(items[0][0], items[0][1], [run for *_, run in items], subscriptions, batch, pool)
                batch.finish()

    def record_left(self) -> None:
        """Write what became of mails while the store did not answer. Raises ``EngineError`` where it still does not."""
        for run in list(self._unrecorded.values()):
            self._record(run)
            self._unrecorded.pop(run.id, None)

    def _by_recipient(self) -> dict[str, list[Subscription]]:
        found: dict[str, list[Subscription]] = {}
        for each in self._book.subscriptions():
            found.setdefault(each.recipient, []).append(each)
        return found

    def _last_sent(self, runs: Sequence[Run]) -> dict[str, Run]:
        found: dict[str, Run] = {}
        ordered = sorted(runs, key=lambda run: run.slot_at)
        for _, group in groupby(ordered, key=lambda run: run.slot_at):
            found |= self._book.last_sent(list(group))
        return found

    def _group(
        self,
        order: Order,
        last: Order | None,
        runs: Sequence[Run],
        subscriptions: dict[str, list[Subscription]],
        batch: Batch,
        pool: ThreadPoolExecutor,
    ) -> None:
        """All runs of one order."""
        if batch.trouble.why is not None:
            for run in runs:
                self._put_off(run, batch.trouble.why, tried=False)
            batch.done(len(runs))
            return
        now, owner = self._clock(), self.presence.owner
        begun = self._book.move_many([replace(run, state="building", owner=owner, building_at=now) for run in runs])
        today = tm.local_date(now, tm.zone(self._recipients.country))
        part: Part | None = None
        mails: dict[tuple[str, bool, bool, bool], Mail] = {}
        unanswered: str | None = None
        for run in begun:
            if unanswered is not None:
                self._put_off(run, unanswered)
                batch.done(1)
                continue
            try:
                own = subscriptions.get(run.recipient, ())
                viewer = self._recipients.still(run, order, today, own)
                part = self._content.part(viewer, order, last) if part is None else part
                about = self._recipients.about(run, today, own)
                url = self._unsubscribe_url(run) if about is not None and run.report in about.reports else None
                # The right to names may have ended since the run was claimed.
                allowed = replace(run, names=run.names and about is not None and about.names)
                mail = self._with_link(self._mail(part, allowed, url is not None, mails), url)
            except AccessError as error:
                self._record(replace(run, state="skipped", ended_at=self._clock(), error=str(error)))
                batch.done(1)
            except Exception as error:
                # Whatever is wrong with this one must not keep the others from being sent; where the whole store does
                # not answer, putting it off says so.
                log.exception("run %s cannot be built", run.id)
                self._put_off(run, _said(error))
                batch.done(1)
                if isinstance(error, EngineError):
                    unanswered = str(error)  # each of them would wait as long for nothing
            else:
                batch.add(pool.submit(self._hand_over, allowed, mail, url, batch.trouble))

    @property
    def _template(self) -> str:
        return f"{self._options.board_url}/unsubscribe?token={_TOKEN}"

    def _unsubscribe_url(self, run: Run) -> str:
        token = self._tokens.make(f"{run.recipient}|{run.level}:{run.hub}", run.report)
        return self._template.replace(_TOKEN, token)

    def _mail(self, part: Part, run: Run, linked: bool, mails: dict[tuple[str, bool, bool, bool], Mail]) -> Mail:
        """The mail of a language, written once: with a link that ``_with_link`` makes each recipient's own.

        linked: whether there is a subscription to end.
        """
        key = (run.lang, run.names, run.late, linked)
        if key not in mails:
            mails[key] = self._content.mail(
                part,
                lang_of(run.lang),
                names=run.names,
                board_url=self._options.board_url,
                unsubscribe_url=self._template if linked else None,
                late=run.late,
            )
        return mails[key]

    def _with_link(self, mail: Mail, url: str | None) -> Mail:
        if url is None:
            return mail
        return replace(mail, text=mail.text.replace(self._template, url), html=mail.html.replace(self._template, url))

    def _hand_over(self, run: Run, mail: Mail, url: str | None, trouble: Trouble) -> None:
        """Steps 3 and 4 of one run, in a thread of its own."""
        if trouble.why is not None:
            self._put_off(run, trouble.why, tried=False)
            return
        sender = address_of(self._options.sender)
        try:
            letter = Letter(self._options.sender, run.recipient, run.message_id(domain_of(sender)), self._clock(), url)
            message = message_of(mail, letter)
            handing = self._book.move(
                replace(
                    run,
                    state="handing-over",
                    handing_over_at=self._clock(),
                    size=len(message),
                    incomplete=mail.incomplete,
                    attempts=run.attempts + 1,
                )
            )
        except Exception as error:
            log.exception("run %s cannot be handed over", run.id)
            self._put_off(run, _said(error))
            return
        if handing is None:
            log.warning("run %s is somebody else's by now", run.id)
            return
        problem: PutOff | Lost | None = None
        try:
            receipt = self._carrier.hand_over(sender, run.recipient, message)
            outcome = replace(handing, state="sent", receipt=receipt, error=None)
        except Refused as error:
            outcome = replace(handing, state="failed", error=str(error))
        except Lost as error:
            problem = error
            outcome = replace(handing, state="unknown", error=f"check whether it arrived: {error}")
        except PutOff as error:
            problem = error
            outcome = self._later(handing, str(error))
        except Exception as error:
            # How far it got is not known, so nobody may repeat it by himself.
            log.exception("run %s was being handed over", run.id)
            outcome = replace(handing, state="unknown", error=f"check whether it arrived: {_said(error)}")
        trouble.note(problem)
        self._safely_record(replace(outcome, ended_at=None if outcome.state == "claimed" else self._clock()))

    def _put_off(self, run: Run, why: str, *, tried: bool = True) -> None:
        """A run that was not handed over; it is tried again later. tried: whether that counts, up to a limit.

        Raises ``EngineError`` where the store does not answer: the run is still this process's to go on with.
        """
        self._record(self._later(replace(run, attempts=run.attempts + 1), why) if tried else self._wait(run, why))

    def _later(self, run: Run, why: str) -> Run:
        """run: with this try among its attempts."""
        if run.attempts >= self._options.attempts:
            return replace(
                run, state="failed", ended_at=self._clock(), error=f"given up after {run.attempts} tries: {why}"
            )
        return self._wait(run, why)

    def _wait(self, run: Run, why: str) -> Run:
        """run: to be tried when its pause is over."""
        pause = self._options.pause(max(run.attempts, 1))
        return replace(run, state="claimed", handing_over_at=None, error=why, next_try_at=self._clock() + pause)

    def _safely_record(self, run: Run) -> None:
        """Record; where the store does not answer, keep it in mind for ``record_left``."""
        try:
            self._record(run)
        except EngineError as error:
            self._unrecorded[run.id] = run
            log.error("what became of run %s (%s) is not written yet: %s", run.id, run.state, error)

    def _record(self, run: Run) -> None:
        if self._book.move(run) is not None:
            return
        # Somebody took this process for dead and wrote that the fate of the mail is unknown; it is not. Or the answer
        # to its own last step was lost on the way.
        found = self._book.run(run.id)
        if found is not None and found.state in ("unknown", "handing-over") and found.owner == run.owner:
            self._book.move(replace(run, version=found.version))


def _said(error: Exception) -> str:
    """What is kept of an error."""
    return str(error) if isinstance(error, HubstatError) else f"{type(error).__name__}: {error}"


def _key(order: Order, last: Order | None) -> tuple[object, ...]:
    """Equal for runs that share their figures; orders of one moment come together."""
    before = () if last is None else (last.service_date, last.as_of, last.known_at)
    return (
        order.report,
        order.service_date,
        order.wave or "",
        order.as_of,
        order.known_at,
        -1 if order.due is None else order.due,
        order.level,
        order.hub,
        before,
    )

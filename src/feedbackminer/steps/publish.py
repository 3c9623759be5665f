"""Deliver to the channels of the settings, each parcel to each reader once: digests, and alerts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import polars as pl
import stamina

from feedbackminer.digest.render import FILES
from feedbackminer.digest.views import Digest
from feedbackminer.engine import audit
from feedbackminer.engine.run import Run
from feedbackminer.errors import (
    DeliveryError,
    FeedbackminerError,
    InputError,
    SettingsError,
    suggest,
)
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.secrets import mask_secrets
from feedbackminer.project.project import Project
from feedbackminer.publish.channel import Channel, Parcel, within
from feedbackminer.publish.opening import open_channel
from feedbackminer.settings.sections import AnyChannel, WarehouseChannel
from feedbackminer.steps.delivered import OUT
from feedbackminer.steps.parcels import name_of, parcel_of
from feedbackminer.steps.verify import AGAIN, Proof, prove
from feedbackminer.tables import Deliveries, column_types
from feedbackminer.vocabulary.editions import WHOLE, PartName

ATTEMPTS = 3  # of what is refused for a moment only
FIRST_WAIT = 1.0  # seconds
PATIENCE = 2  # times the timeout of a channel, which is that of one answer

Status = Literal["planned", "sent", "before", "maybe", "failed"]


@dataclass(frozen=True)
class Delivery:
    """What became of a part of a digest on its way to one reader, or to all of a channel.

    Attributes:
        status: ``planned``: not tried, and ``detail`` may hold members' words; ``sent``;
            ``before``: sent earlier, so not again; ``maybe``: nobody knows whether it went out, so
            not again by itself; ``failed``.
        may_pass: what failed may work in a while.
        is_tried: false where it was left alone, for what became of it before.
    """

    channel: str
    part: str
    status: Status
    detail: str
    may_pass: bool = False
    is_tried: bool = True


@dataclass(frozen=True)
class Request:
    """What is to be delivered: to which channels, which parts.

    Attributes:
        channels: names of them; none: all.
        parts: editions, or whole; none: all that each channel wants.
        again: also what was sent before, or may have been.
    """

    channels: Sequence[str] = ()
    parts: Sequence[PartName] = ()
    again: bool = False


def preview(project: Project, folder: Path, request: Request) -> list[Delivery]:
    """Say what would go where; nothing is sent, and no channel is asked.

    Raises:
        InputError: ``folder`` holds no digest, or one that says otherwise than its tables do.
        SettingsError: no such channel, or none.
    """
    channels = channels_for(project, request)
    if not channels:
        return []
    shipment = _shipment(project, prove(project, folder), request)
    return list(Sender(Run(project), channels, shipment, again=request.again).planned())


def publish(
    run: Run, folder: Path, request: Request, *, proof: Proof | None = None
) -> list[Delivery]:
    """Deliver a digest; a channel that fails does not keep the others from it.

    What was sent before is not sent again, and what may have been only where that is asked for.

    Args:
        proof: of the digest, where it was made already.
    Raises:
        InputError: ``folder`` holds no digest, or one that says otherwise than its tables do.
        SettingsError: no such channel, or none.
    """
    channels = channels_for(run.project, request)
    if not channels:
        return []
    shipment = _shipment(run.project, proof or prove(run.project, folder), request)
    return Sender(run, channels, shipment, again=request.again).send()


def _shipment(project: Project, proof: Proof, request: Request) -> Shipment:
    digest = _proved(proof)
    return Shipment(
        name=name_of(digest.period),
        parts=lambda settings: _parts_of(settings, request.parts),
        parcel=cache(partial(parcel_of, project, digest, proof)),
        run_id=digest.provenance.run_id,
        since=digest.period.since,
        until=digest.period.until,
    )


@dataclass(frozen=True)
class Shipment:
    """What goes out.

    Attributes:
        name: what deliveries, and the audit log, call it.
        parts: those that a channel gets.
        parcel: makes that of a part for a kind of channel, once one takes or shows it.
        run_id: that made them.
        since, until: what they tell of.
    """

    name: str
    parts: Callable[[AnyChannel], Sequence[str]]
    parcel: Callable[[str, str], Parcel]
    run_id: str
    since: datetime | None
    until: datetime | None


class Sender:
    """Takes parcels to channels; one that fails does not keep the others from it.

    Args:
        again: also what was sent before, or may have been.
    """

    def __init__(
        self,
        run: Run,
        channels: Mapping[str, AnyChannel],
        shipment: Shipment,
        *,
        again: bool = False,
    ) -> None:
        self._run, self._channels, self._shipment, self._again = run, channels, shipment, again
        self._pseudonyms = Pseudonyms(run.project.pseudonym_key())

    def send(self) -> list[Delivery]:
        """Send, and write down for each channel how many it got."""
        deliveries = list(self.delivered())
        for name in self._channels:
            if n := sum(one.status == "sent" for one in deliveries if one.channel == name):
                audit.record(self._run, "deliver", name, n, self._shipment.name)
        return deliveries

    def planned(self) -> Iterator[Delivery]:
        """Yield what would be sent, and what would not be."""
        for name, channel, part in self._pairs():
            if isinstance(channel, FeedbackminerError):
                yield Delivery(name, part, "failed", mask_secrets(str(channel)))
                continue
            stops = [self._stopped(name, channel, part, to) for to in channel.recipients]
            detail = channel.preview(self._parcel(name, part))
            if n := sum(status is not None for status in stops):
                detail += f" ({n:,} of {len(stops):,} had it before, or may have had it)"
            yield Delivery(name, part, "planned", mask_secrets(detail))

    def delivered(self) -> Iterator[Delivery]:
        """Send, and yield what became of it."""
        for name, channel, part in self._pairs():
            if isinstance(channel, FeedbackminerError):
                yield Delivery(name, part, "failed", mask_secrets(str(channel)))
                continue
            if not channel.recipients:
                detail = channel.preview(self._parcel(name, part))
                yield Delivery(name, part, "planned", mask_secrets(detail))
            unreachable: DeliveryError | None = None
            for recipient in channel.recipients:
                status = self._stopped(name, channel, part, recipient)
                if status:
                    yield Delivery(name, part, *status, is_tried=False)
                elif unreachable:
                    why = f"not tried, since {unreachable}"
                    yield Delivery(name, part, "failed", why, unreachable.may_pass)
                else:
                    parcel = self._parcel(name, part)
                    delivery, unreachable = self._send(name, channel, parcel, recipient)
                    yield delivery

    def _pairs(self) -> Iterator[tuple[str, Channel | FeedbackminerError, str]]:
        """Yield each channel, or what keeps it from being used, with each part that goes there."""
        for name, settings in self._channels.items():
            try:
                channel: Channel | FeedbackminerError = open_channel(
                    settings, self._run.secret(name), self._run.project.folder, FILES
                )
            except FeedbackminerError as error:
                channel = SettingsError(f"channels.{name}: {error}")
            for part in self._shipment.parts(settings):
                yield name, channel, part

    def _parcel(self, name: str, part: str) -> Parcel:
        return self._shipment.parcel(part, self._channels[name].kind)

    def _stopped(
        self, name: str, channel: Channel, part: str, recipient: str
    ) -> tuple[Status, str] | None:
        """Tell why something is not to be sent; None: it is."""
        if self._again or channel.place:
            return None
        row = self._noted(self._key(name, channel, part, recipient))
        if not row:
            return None
        if row["status"] == "sent":
            return "before", f"was sent on {row['at']:%-d %B %Y}"
        if row["status"] == "begun" and not channel.is_repeatable:
            return "maybe", "may have been sent before; --again sends it in any case"
        return None

    def _send(
        self, name: str, channel: Channel, parcel: Parcel, recipient: str
    ) -> tuple[Delivery, DeliveryError | None]:
        """Send to one reader; returns also what keeps the channel from reaching anybody."""
        token = self._token(name, parcel.part, recipient)
        thread = parcel.follows and self._token(name, parcel.follows, recipient)
        key = self._key(name, channel, parcel.part, recipient)
        before = self._noted(key)

        def note(status: str, detail: str) -> None:
            kind = self._channels[name].kind
            self._note(key, before, kind=kind, status=status, detail=detail)

        note("begun", "")
        try:
            detail = self._attempts(name, lambda: channel.send(parcel, recipient, token, thread))
        except DeliveryError as error:
            why = mask_secrets(str(error))
            unreachable = error if error.is_whole else None
            if not error.may_be_out:
                note("failed", why)
                return Delivery(name, parcel.part, "failed", why, error.may_pass), unreachable
            note("begun", why)
            maybe = f"{why}; it may have been sent"
            return Delivery(name, parcel.part, "maybe", maybe), unreachable
        note("sent", detail)
        return Delivery(name, parcel.part, "sent", detail), None

    def _token(self, name: str, part: str, recipient: str) -> str:
        parts = ("delivery", self._shipment.name, name, part, recipient)
        return self._pseudonyms.seal("\n".join(parts))

    def _attempts(self, name: str, send: Callable[[], str]) -> str:
        """Send, again where what failed may pass, and not for ever."""
        timeout = PATIENCE * self._channels[name].timeout
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=ATTEMPTS, timeout=timeout, wait_initial=FIRST_WAIT
        ):
            with attempt:
                try:
                    return within(timeout, send)
                except DeliveryError:
                    raise
                except FeedbackminerError as error:
                    raise DeliveryError(str(error)) from error
                except Exception as error:  # a mistake in one channel is none of the others'
                    why = f"failed by a mistake of ours ({type(error).__name__})"
                    raise DeliveryError(why, may_be_out=True) from error
        raise DeliveryError("was not tried")

    def _key(self, name: str, channel: Channel, part: str, recipient: str) -> dict[str, str]:
        return {
            "digest": self._shipment.name,
            "channel": name,
            "edition": part,
            "recipient": self._seal(recipient),
            "place": channel.place,
        }

    def _noted(self, key: Mapping[str, str]) -> dict[str, Any]:
        """Return what is noted of a delivery; nothing where it was never begun."""
        rows = self._run.project.store.read("deliveries").filter(**key)
        return rows.row(0, named=True) if len(rows) else {}

    def _note(self, key: Mapping[str, str], before: Mapping[str, Any], **values: str) -> None:
        """Write down what became of a delivery, before anything else is done.

        What went out stays out, whatever became of a repetition: that is only counted.

        Args:
            before: what was noted when this one began.
        """
        row = {
            **key,
            **values,
            "run_id": self._shipment.run_id,
            "since": self._shipment.since,
            "until": self._shipment.until,
            "at": datetime.now(UTC),
        }
        if before.get("status") in OUT and values["status"] != "sent":
            row |= before
        row["attempts"] = before.get("attempts", 0) + 1
        frame = pl.DataFrame([row], schema=column_types(Deliveries))
        self._run.project.store.merge("deliveries", frame)

    def _seal(self, recipient: str) -> str:
        """Return what stands for a reader: an address is nothing to be kept."""
        return recipient and self._pseudonyms.seal(f"recipient:{recipient.casefold()}")


def _proved(proof: Proof) -> Digest:
    """Return a digest that holds."""
    if proof.wrong or proof.digest is None:
        raise InputError(
            f"nothing was delivered: the digest says otherwise than its tables do "
            f"({proof.wrong[0]}; {len(proof.wrong):,} in all); `feedbackminer verify` names it "
            f"all, {AGAIN}"
        )
    return proof.digest


def channels_for(project: Project, request: Request) -> dict[str, AnyChannel]:
    """Return the channels that get something of what is asked for, in the order of the settings.

    Raises:
        SettingsError: no such channel, or none.
    """
    configured = project.settings.channels
    if not configured:
        raise SettingsError(f"{project.folder}: no channel is configured; see [channels.NAME]")
    for name in request.channels:
        if name not in configured:
            hint = suggest(name, configured, f"configured: {', '.join(configured)}")
            raise SettingsError(f"no channel {name!r} in the settings; {hint}")
    return {
        name: settings
        for name, settings in configured.items()
        if (not request.channels or name in request.channels) and _parts_of(settings, request.parts)
    }


def _parts_of(settings: AnyChannel, parts: Collection[PartName]) -> list[PartName]:
    """Return what goes to a channel of what is asked for."""
    wanted = (WHOLE,) if isinstance(settings, WarehouseChannel) else settings.editions
    return [part for part in dict.fromkeys(wanted) if not parts or part in parts]


def _may_pass(error: Exception) -> bool:
    return isinstance(error, DeliveryError) and error.may_pass

"""Hold what the round table knows of a case, without any text about anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.rto.commands import Plan, Preparation
from services.rto.consent_state import PURPOSES, Agreement, RecordedConsent, Register, Weighing
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Team
from shared.contract.messages.retention import Hold, Term
from shared.contract.messages.rto import (
    Action,
    ActionProgress,
    DrawnFrom,
    RestsOn,
    RtoOutcome,
    Secrecy,
    Taker,
    Use,
)
from shared.contract.messages.triage import Participant, RtoPrepared, ViewingEntry
from shared.core import consent
from shared.core.item_standing import Standings, is_taken_back, standing_of
from shared.core.mandate import Mandate
from shared.core.terms import Overdue


class Phase(StrEnum):
    """Where a case stands at the round table; CONVENED and MONITORING are phase 3 of the covenant."""

    NOTHING = "nothing"
    COLLECTING = "collecting"
    PREPARED = "prepared"
    CONVENED = "convened"
    MONITORING = "monitoring"
    DEESCALATED = "deescalated"
    ARCHIVED = "archived"
    CLOSING = "closing"
    PURGED = "purged"


class Answer(StrEnum):
    """What an invited party said."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class ReleaseStatus(StrEnum):
    """What the contributor last said about one use of its item."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Seat:
    """Hold a participant at one RTO; `delegate` when accepted, `competent` for special categories (R49)."""

    participant: Participant
    competent: bool
    answer: Answer = Answer.INVITED
    delegate: str = ""

    @property
    def party(self) -> str:
        return self.participant.party


@dataclass(frozen=True, slots=True)
class Rto:
    """Hold one meeting: it is under way as long as it has no outcome (A17).

    `agreed`: the numbers of the actions that it added to the plan, together for each time that the plan was
    recorded. `ave_level`, `goals_reached` and `developments`: as it found or decided them (R69, R81).
    """

    rto_id: str
    on: datetime
    place: TextRef | None
    seats: tuple[Seat, ...]
    outcome: RtoOutcome | None = None
    preparation: Preparation | None = None
    agreed: tuple[tuple[str, ...], ...] = ()
    ave_level: int | None = None
    goals_reached: TextRef | None = None
    developments: TextRef | None = None

    def seat(self, party: str | None) -> Seat | None:
        return next((seat for seat in self.seats if seat.party == party), None)

    @property
    def present(self) -> tuple[str, ...]:
        """Return the parties that accepted: they decide together (R70)."""
        return tuple(seat.party for seat in self.seats if seat.answer is Answer.ACCEPTED)

    @property
    def is_open(self) -> bool:
        return self.outcome is None

    def added(self, action_id: str) -> bool:
        """Tell whether this RTO added the action to the plan."""
        return any(action_id in together for together in self.agreed)


def prepared_by_triage(prepared: RtoPrepared) -> Preparation:
    """Return what triage fixed before the first RTO, having consulted the leading party (R42 to R47)."""
    return Preparation.model_construct(
        goal=prepared.goal,
        decision_types=prepared.decision_types,
        themes=prepared.themes,
        citizen=prepared.citizen,
        care_agreements=prepared.care_agreements,
        consulted_leading_party=True,
    )


@dataclass(frozen=True, slots=True)
class ReleaseKey:
    """Name one use of one item: a release covers exactly this (R65)."""

    item_id: str
    use: Use
    recipient: str | None = None
    action_id: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Hold what became of one use of one item, and how its contributor weighed its secrecy for it (R76)."""

    key: ReleaseKey
    status: ReleaseStatus
    weighed: Weighing | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Hold one word of an executor on how far its action is; the earlier ones stay beside it (R81)."""

    action_id: str
    progress: ActionProgress
    at: datetime
    remark: TextRef | None = None
    goals_reached: TextRef | None = None
    developments: TextRef | None = None


@dataclass(frozen=True, slots=True)
class EndedAction:
    """Hold an action that ended, as it was, and at which RTO; its number is never used again (R65, R81)."""

    action: Action
    rto_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Hold what the approach is followed for, and the items that stay for it (R79)."""

    purpose: TextRef
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Hold a case at the round table; `rtos` in order, the last is the current or latest one.

    `standings`: the register of what contributors decided on their items, also before these are here.

    `viewing_plan_at` and `plan_at`: when each last changed. `plan` holds the actions that run, `ended` those
    that did; `progress` is a history, oldest first. `led`: the mandate of who leads, triage's until direction
    moves. `case_director_account`: with which one the case director follows the approach; empty if unknown.
    `bonds`: what is known of the items that were dropped and to which the plan stays bound. `corrected`: the
    items on which it draws and that were corrected since it was recorded.
    `register`: what is known since the case was taken up. `consents` stay as long as the case, withdrawn or
    not: what rested on them was lawful, and withdrawing is never too late (R20).
    """

    phase: Phase = Phase.NOTHING
    preparation: RtoPrepared | None = None
    leading_party: str = ""
    items: tuple[ContributedItem, ...] = ()
    standings: Standings = ()
    viewing_plan: tuple[ViewingEntry, ...] = ()
    rtos: tuple[Rto, ...] = ()
    releases: tuple[Release, ...] = ()
    viewing_plan_at: datetime | None = None
    plan: Plan | None = None
    plan_at: datetime | None = None
    made_by: tuple[str, ...] = ()
    progress: tuple[Progress, ...] = ()
    ended: tuple[EndedAction, ...] = ()
    takers: tuple[Taker, ...] = ()
    offered_to: str | None = None
    case_director: TextRef | None = None
    case_director_account: str = ""
    monitoring: Monitoring | None = None
    team: Team | None = None
    overdue: Overdue | None = None
    led: Mandate | None = None
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    round: int = 0
    bonds: tuple[DrawnFrom, ...] = ()
    corrected: tuple[str, ...] = ()
    register: Register | None = None
    consents: tuple[RecordedConsent, ...] = ()
    agreements: tuple[Agreement, ...] = ()

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts; as a version before this one left it, by what it recorded."""
        if self.led is not None and self.led.party == self.leading_party:
            return self.led
        if not self.leading_party:
            return None
        referred = self.preparation is not None and self.leading_party == self.preparation.leading_party
        body = self.preparation.acting_body if self.preparation and referred else None
        return Mandate(party=self.leading_party, acting_body=body)

    @property
    def planned_views(self) -> tuple[ViewingEntry, ...]:
        """Return who is to see what, and why, wherever that stands: an older preparation holds its own."""
        return (*self.viewing_plan, *(self.preparation.viewing_plan if self.preparation else ()))

    @property
    def referrer(self) -> str:
        """Return the referrer: before direction moves, at the round table only, it is who leads (R72)."""
        if self.preparation is not None:
            return self.preparation.leading_party
        return self.register.referrer if self.register else ""

    @property
    def person_ids(self) -> tuple[str, ...]:
        """Return whom the case is about, by their opaque ids."""
        if self.preparation is not None:
            return tuple(person.person_id for person in self.preparation.persons)
        return self.register.persons if self.register else ()

    @property
    def people(self) -> Team | None:
        """Return who works on the case: the later word of intake's and triage's (R6)."""
        opened = self.register.team if self.register else None
        known = [team for team in (self.preparation, self.team, opened) if team is not None]
        return max(known, key=lambda team: team.assignment, default=None)

    @property
    def director(self) -> str:
        return self.people.director if self.people else ""

    @property
    def support_workers(self) -> tuple[str, ...]:
        return self.people.support_workers if self.people else ()

    @property
    def latest(self) -> Rto | None:
        return self.rtos[-1] if self.rtos else None

    def rto(self, rto_id: str) -> Rto | None:
        return next((rto for rto in self.rtos if rto.rto_id == rto_id), None)

    def item(self, item_id: str) -> ContributedItem | None:
        return next((item for item in self.items if item.item_id == item_id), None)

    def action(self, action_id: str) -> Action | None:
        """Return an action that runs: one that ended is none any more (R65)."""
        return next((a for a in self.actions if a.action_id == action_id), None)

    def ended_action(self, action_id: str) -> Action | None:
        return next((x.action for x in self.ended if x.action.action_id == action_id), None)

    def is_agreed(self, action_id: str) -> bool:
        """Tell whether an action runs that the round table decided on: its RTO has ended (R64)."""
        undecided = self.latest is not None and self.latest.is_open and self.latest.added(action_id)
        return self.action(action_id) is not None and not undecided

    def preparation_of(self, rto: Rto) -> Preparation | None:
        """Return what was fixed before this RTO; one from an older version was held on triage's (R42)."""
        return rto.preparation or (prepared_by_triage(self.preparation) if self.preparation else None)

    @property
    def ave_level(self) -> int | None:
        """Return the AVE level that an RTO decided last (R69)."""
        return next((rto.ave_level for rto in reversed(self.rtos) if rto.ave_level is not None), None)

    @property
    def planned_for(self) -> datetime | None:
        """Return the day of the round table that is convened."""
        return self.latest.on if self.phase is Phase.CONVENED and self.latest else None

    @property
    def actions(self) -> tuple[Action, ...]:
        return self.plan.actions if self.plan else ()

    def executes(self, party: str) -> bool:
        """Tell whether the party carries out some action of the plan (R74)."""
        return any(action.party == party for action in self.actions)

    def release(self, key: ReleaseKey) -> ReleaseStatus | None:
        """Return the contributor's last word on exactly this use (R65)."""
        return next((release.status for release in self.releases if release.key == key), None)

    def released_for_rto(self, item_id: str) -> bool:
        return self.stands(ReleaseKey(item_id, Use.RTO))

    def stands(self, key: ReleaseKey) -> bool:
        """Tell whether this use is released, and no consent on which that rests is missing (R65, R76)."""
        found = next((x for x in self.releases if x.key == key and x.status is ReleaseStatus.GIVEN), None)
        return found is not None and self.lifted(found)

    def lifted(self, release: Release) -> bool:
        """Tell whether the secrecy of the item is lifted for this release, as its contributor weighed it."""
        item = self.item(release.key.item_id)
        if item is None:
            return True
        need = consent.Need(item.contributor, PURPOSES[release.key.use], release.key.recipient)
        return consent.holds(self.rests_on(release, item), need, self.consent_pictures)

    def rests_on(self, release: Release, item: ContributedItem) -> RestsOn | None:
        """Return on whose consent a release rests: as weighed for it, or else as the item says (R76)."""
        weighed, persons = release.weighed, item.persons or self.person_ids
        if weighed is None:
            return consent.of_item(item, self.person_ids)
        if weighed.secrecy is not Secrecy.WITH_CONSENT:
            return None
        own_word = not weighed.consents and not item.needs_consent
        return RestsOn(persons=persons, consents=weighed.consents, own_word=own_word)

    def rests_on_at_table(self, item: ContributedItem) -> RestsOn | None:
        """Return on whose consent the round table sees an item (R76)."""
        key = ReleaseKey(item.item_id, Use.RTO)
        release = next((x for x in self.releases if x.key == key), Release(key, ReleaseStatus.ASKED))
        return self.rests_on(release, item)

    @property
    def consent_pictures(self) -> consent.Consents:
        """Return the consents, as the other services know them too."""
        return tuple(one.consent for one in self.consents)

    def recorded_consent(self, consent_id: str) -> RecordedConsent | None:
        return next((one for one in self.consents if one.consent.consent_id == consent_id), None)

    def asks_itself(self, party: str | None) -> bool:
        """Tell whether this party asks for the consent it needs by a working agreement (R20)."""
        return any(one.party == party for one in self.agreements)

    def released_to(self, item_id: str) -> frozenset[str]:
        """Return the parties for an activity of which the item is released now (R65)."""
        given = (x.key for x in self.releases if x.status is ReleaseStatus.GIVEN)
        return frozenset(key.recipient for key in given if key.item_id == item_id and key.recipient)

    def stays(self, item_id: str) -> bool:
        """Tell whether an item is still here: since monitoring, only the agreed and later ones (R79)."""
        return self.monitoring is None or item_id in self.monitoring.items

    def withdrawn(self, item_id: str) -> bool:
        """Tell whether the contributor took its item back, and released nothing since (A12).

        A version before this one kept that in the releases alone.
        """
        if standing_of(item_id, self.standings) is not None:
            return is_taken_back(item_id, self.standings)
        statuses = {release.status for release in self.releases if release.key.item_id == item_id}
        return ReleaseStatus.WITHDRAWN in statuses and ReleaseStatus.GIVEN not in statuses

    def bond(self, item_id: str) -> DrawnFrom | None:
        """Return what is known of an item that the plan draws on and that was dropped (A8, A19)."""
        return next((one for one in self.bonds if one.item_id == item_id), None)

    def givers(self, thing: object) -> frozenset[str]:
        """Return who brought in what this thing says, or the item of this number (A11, A19)."""
        match thing:
            case ContributedItem():
                return frozenset({thing.contributor})
            case Plan(drawn_from=items):
                named = items
            case ViewingEntry(item_id=item_id) | str(item_id):
                named = (item_id,)
            case _:
                return frozenset()
        known = (self.item(item_id) or self.bond(item_id) for item_id in named)
        return frozenset(one.contributor for one in known if one is not None and one.contributor is not None)

    def takers_of(self, item_id: str) -> tuple[str, ...]:
        """Return who took the item, for whatever activity (R104)."""
        return tuple(sorted({taker.party for taker in self.takers if taker.item_id == item_id}))

    def participants(self) -> Iterator[Participant]:
        """Return every party that ever accepted, as it was last invited (R86)."""
        latest = {
            seat.party: seat.participant
            for rto in self.rtos
            for seat in rto.seats
            if seat.answer is Answer.ACCEPTED
        }
        return iter(latest.values())

    def invited(self, party: str) -> Participant | None:
        """Return a party as it was last invited, or else as the preparation names it."""
        seats = (rto.seat(party) for rto in reversed(self.rtos))
        prepared = self.preparation.participants if self.preparation else ()
        last = next((seat.participant for seat in seats if seat is not None), None)
        return last or next((one for one in prepared if one.party == party), None)

    def involved(self) -> frozenset[str]:
        """Return the parties that know of the case: who led it, contributed or was invited (R60)."""
        contributors = {item.contributor for item in self.items}
        return self.taking_part() | contributors | {one.contributor for one in self.standings}

    def knowing(self) -> frozenset[str]:
        """Return the parties that know of the case, also by an agreement on who asks for consent (R20)."""
        agreed = {one.party for one in self.agreements}
        return self.involved() | agreed | {one.asked_by for one in self.consents}

    def taking_part(self) -> frozenset[str]:
        """Return the parties that led the case or were invited to a round table."""
        invited = {seat.party for rto in self.rtos for seat in rto.seats}
        return frozenset({self.referrer, self.leading_party} - {""} | invited)

"""The largest lawful content of every message the house sends is below what its receivers take.

A case is played through the cores twice: with as many texts as there may be, as each costs a seal, and with
texts as long as they may be. What accumulates over the years is added until one message no longer holds it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pydantic_core import from_json

from services.governance import commands as gc
from services.governance.accession import AccessionForm, KeyOnPaper, Signatory
from services.governance.decisions import (
    Decision,
    DecisionSubject,
    RecordedDecision,
    SubjectKind,
    Votes,
)
from services.intake import commands as ic
from services.intake.api import Screening
from services.retention import commands as rc
from services.retention.api import Cleaning, NewReactivation
from services.rto import commands as tc
from services.rto.api import MandateEnding
from services.triage import commands as c
from services.triage.api import NewClarification, NewConclusion, NewExtension, NewPreparation, NewQuery
from services.triage.record import Picture
from services.triage.state import State as Triage
from shared.contract.content import SEALED_ALLOWED, TextRef, text
from shared.contract.fields import ContributedItem, Item, Theme
from shared.contract.limits import (
    CLAIMS_PER_EVENT,
    HOUSE_KEYS_PER_EVENT,
    MAX_BODY,
    MAX_LETTER,
    MAX_PAYLOAD,
    MAX_RECORD,
    MAX_SEALED_LETTER,
    MOST_ACTIONS,
    MOST_AUTHORISATIONS,
    MOST_CODES,
    MOST_INVALID,
    MOST_KEPT_ITEMS,
    MOST_KEYS,
    MOST_PARTICIPANTS,
    MOST_RESERVATIONS,
    MOST_SUPPORT_WORKERS,
    TAKERS_PER_MESSAGE,
)
from shared.contract.messages import governance as gm
from shared.contract.messages import intake as im
from shared.contract.messages import known_check as km
from shared.contract.messages import rto as m
from shared.contract.messages import triage as tm
from shared.contract.messages.house import HouseKeysDestroyed, Position
from shared.contract.parties import KeyUse, Parties, PartyKind, Scope
from shared.contract.refusal import REASONS, unreadable
from shared.contract.registry import Direction, MessageType, all_messages
from shared.contract.topics import Topics
from shared.core.actor import CLOCK, Actor, Role
from shared.core.calendar_terms import add_months
from shared.core.context import Matches
from shared.core.policy import TERMS
from shared.crypto.jose import decrypt_and_verify, new_key, public_jwk
from shared.handling.delivery import Delivery, FromParty
from shared.handling.outgoing import OutgoingMessages
from shared.messaging.preparing import Ready
from shared.storage import log_checkpoints
from shared.storage.inbox import InboxEntry
from shared.storage.item_ids import Claim
from tests.support import largest as large
from tests.support.largest import (
    BODY,
    CASE,
    OTHER,
    REFERRER,
    SERVICES,
    Core,
    Recipient,
    filled,
    number,
    party,
)
from tests.support.spec import NOW

LATER = NOW + timedelta(days=7)
TABLE = [party(n) for n in range(MOST_PARTICIPANTS)]


class Played:
    """Hold one case on its way through the house, and all that was sent about it."""

    def __init__(self, recipient: Recipient, persons: Any, items: Any, *, long_contribution: bool) -> None:
        self.recipient, self.long_contribution = recipient, long_contribution
        self.parties = large.all_parties(recipient.announced)
        self.cores = {name: Core(service, self.parties) for name, service in SERVICES.items()}
        self.refer(large.referral(persons, items))
        self.query()
        self.prepare()
        self.meet()
        self.end()

    def __getitem__(self, name: str) -> Core:
        return self.cores[name]

    def pass_on(self, sender: str, receiver: str) -> None:
        """Let one service hear what another one has published about the case and it does not know yet."""
        handled = SERVICES[receiver].handlers
        for event in self[sender].new_events(receiver):
            if type(event) in handled:
                self[receiver].hears(event, large.by_service(sender))

    def refer(self, referral: im.ReferralSubmitted) -> None:
        intake = self["intake"]
        intake.hears(referral, large.by_party())
        intake.hears(im.ConsultationConfirmed(), large.by_party())
        supporters = [f"{n:064}" for n in range(MOST_SUPPORT_WORKERS)]
        for person in supporters:
            self._support(person, None)
        screening = filled(
            lambda said: Screening(weighing="x", outcome=im.ScreeningOutcome.TAKEN_UP, advice=said)
        )
        intake.is_asked(
            screening,
            lambda sent: ic.ScreenReferral(
                by=large.by_director(),
                outcome=sent.outcome,
                weighing=text(sent.weighing),
                advice=text(sent.advice),
            ),
        )
        self._support("s" * 64, supporters[0])
        for receiver in ("triage", "retention", "rto"):
            self.pass_on("intake", receiver)

    def _support(self, person: str, instead_of: str | None) -> None:
        reason = next(iter(self["intake"].texts))
        manager = Actor(Role.MANAGER, person="m")
        self["intake"].does(ic.AssignSupport(by=manager, person=person, instead_of=instead_of, reason=reason))

    def let_lapse(self, query_id: str) -> None:
        """Let the clock remind of a query and end it, each at its time."""
        triage = self["triage"]
        found = triage.state.query(query_id)
        for command, at in ((c.RemindQuery, found.reply_before), (c.LapseQuery, found.lapses_at)):
            triage.now = at
            triage.does(command(by=CLOCK, query_id=query_id))
        triage.now = NOW

    def query(self) -> None:
        triage = self["triage"]
        state: Triage = triage.state
        asked = [person.person_id for person in state.persons]
        for query_id, recipient in ((number(50), OTHER), (number(51), party(2))):
            triage.is_asked(largest_query(recipient, asked), partial(issued, query_id))
        triage.is_asked(largest_query(party(3), asked, long="purpose"), partial(issued, number(52)))
        self.pass_on("triage", "intake")
        answer = filled(
            lambda said: tm.QueryAnswered(
                query_id=number(50), involved=True, items=large.many_items(said, 2000, 1)
            )
        )
        triage.hears(answer, large.by_party(OTHER))
        ask_back(triage, number(51), party(2))
        self.let_lapse(number(51))
        picture = Picture(
            parties=tuple(map(party, range(MOST_PARTICIPANTS))),
            plan_contribution="x",
            execution_contribution="x",
            information="x",
        )
        conclusion = filled(
            lambda said: NewConclusion(outcome=tm.TriageOutcome.RTO_NEEDED, advice=said, picture=picture)
        )
        triage.is_asked(
            conclusion,
            lambda sent: c.ConcludeTriage(
                by=large.by_director(),
                outcome=sent.outcome,
                advice=text(sent.advice),
                picture=sent.picture,
            ),
        )

    def prepare(self) -> None:
        triage = self["triage"]
        items = tuple(
            ContributedItem.of(item, getattr(item, "contributor", OTHER))
            for event in triage.seen
            for item in _items_of(event)
        )
        longest = items[-1].item_id
        preparation = filled(
            lambda said: NewPreparation(
                goal="x" if self.long_contribution else said,
                decision_types=tuple("c" * 60 for _ in range(MOST_CODES)),
                themes=tuple("c" * 60 for _ in range(MOST_CODES)),
                participants=tuple(
                    c.Invitee(
                        party=one,
                        role=tm.ParticipantRole.INFORMANT,
                        contribution=said if one == REFERRER and self.long_contribution else "x",
                        passed_processing_test=True,
                    )
                    for one in TABLE
                ),
                viewing_plan=tuple(
                    tm.ViewingEntry(item_id=longest, participant=one, reason="x") for one in TABLE
                ),
                citizen=tm.CitizenInvolvement.INFORMED_AFTERWARDS,
                care_agreements="x",
                care_subjects=tuple(tm.CareSubject),
                consulted_leading_party=True,
            )
        )
        triage.is_asked(
            preparation,
            lambda sent: c.PrepareRto(
                by=large.by_director(),
                items=items,
                goal=sent.goal,
                decision_types=sent.decision_types,
                themes=sent.themes,
                participants=sent.participants,
                viewing_plan=sent.viewing_plan,
                citizen=sent.citizen,
                care_agreements=sent.care_agreements,
                care_subjects=sent.care_subjects,
                consulted_leading_party=sent.consulted_leading_party,
            ),
        )
        for receiver in ("intake", "rto"):
            self.pass_on("triage", receiver)

    def meet(self) -> None:
        rto, item = self["rto"], number(2000)
        place = large.WIDE * 500
        rto.is_asked(
            tc.Meeting(rto_id=number(60), on=LATER, place=place),
            lambda sent: tc.ConveneRto(by=large.by_director(), meeting=sent),
        )
        for one in TABLE:
            come = m.InvitationAccepted(rto_id=number(60), delegate="d" * 64, mandate=True)
            rto.hears(come, large.by_party(one))
        one = TABLE[0]
        rto.is_asked(
            MandateEnding(reason="r" * 4000),
            lambda sent: tc.EndMandate(
                by=large.by_director(), rto_id=number(60), party=one, reason=text(sent.reason)
            ),
        )
        come = m.InvitationAccepted(rto_id=number(60), delegate="d" * 64, mandate=True)
        rto.hears(come, large.by_party(one))
        consent = m.SubjectConsentRecorded(
            consent_id=number(80),
            person_id=rto.state.person_ids[0],
            contributor=OTHER,
            purpose=m.ConsentPurpose.RTO,
            given_by=m.ConsentGiver.PERSON,
            given_at=NOW,
        )
        rto.hears(consent, large.by_party())
        rto.hears(m.SubjectConsentWithdrawn(consent_id=consent.consent_id), large.by_party())
        actions = [number(3000 + n) for n in range(MOST_ACTIONS)]
        parts = tuple(tc.Part(party=one, role="x", information_need="x") for one in TABLE)
        plan = filled(
            lambda said: tc.Plan(
                agreements="x",
                ave_level=2,
                parts=parts,
                actions=tuple(
                    m.Action(action_id=one, party=REFERRER, description="x" if n else said, due_on=LATER)
                    for n, one in enumerate(actions)
                ),
            )
        )
        rto.is_asked(plan, lambda sent: tc.RecordPlan(by=large.by_director(), plan=sent))
        use: dict[str, Any] = {"item_id": item, "use": m.Use.PLAN_ACTIVITY, "recipient": REFERRER}
        asked = filled(lambda said: m.ReleaseAsked(**use, action_id=actions[0], necessity=said))
        rto.is_asked(asked, lambda sent: tc.AskRelease(by=large.by_director(), request=sent))
        for one in actions:
            rto.hears(
                m.ReleaseGiven(**use, action_id=one, secrecy=m.Secrecy.NOT_BOUND), large.by_party(OTHER)
            )
        for one_item in rto.state.items:
            if not rto.state.released_for_rto(one_item.item_id):
                shared = m.ReleaseGiven(item_id=one_item.item_id, use=m.Use.RTO)
                rto.hears(shared, large.by_party(one_item.contributor))
        stay = tuple(one_item.item_id for one_item in rto.state.items)
        monitored = filled(
            lambda said: tc.Conclusion(
                outcome=m.RtoOutcome.APPROACH_AND_MONITORING,
                monitoring_purpose=said,
                monitoring_items=stay,
                take_aways=tuple(
                    tc.TakeAway(item_id=item, recipient=REFERRER, action_id=one) for one in actions
                ),
            )
        )
        rto.is_asked(
            monitored,
            lambda sent: tc.ConcludeRto(by=large.by_director(), rto_id=number(60), conclusion=sent),
        )
        self.offer_on_nobodys_behalf()
        rto.does(tc.OfferDirection(by=large.by_director(), party=OTHER))
        rto.hears(m.DirectionAccepted(case_director="x", task="x", basis="x"), large.by_party(OTHER))
        rto.hears(m.ReleaseWithdrawn(item_id=item), large.by_party(OTHER))
        rto.hears(m.ReleaseGiven(item_id=item, use=m.Use.RTO), large.by_party(OTHER))
        reservations = tuple(party(n) for n in range(MOST_RESERVATIONS))
        rto.hears(m.ItemLimited(item_id=item, withheld_from=reservations), large.by_party(OTHER))
        rto.hears(
            filled(lambda said: m.ItemCorrected(item_id=item, content=said, necessity="x")),
            large.by_party(OTHER),
        )
        conditions = m.ItemTermsChanged(item_id=item, use_conditions="\U0001f600" * 2000)
        rto.hears(conditions, large.by_party(OTHER))
        for one in actions:
            rto.hears(
                m.ReleaseGiven(**use, action_id=one, secrecy=m.Secrecy.NOT_BOUND), large.by_party(OTHER)
            )
        self.meet_again(actions)

    def meet_again(self, actions: list[str]) -> None:
        """End all actions at a follow-up, and add some with such long texts that nothing holds them all."""
        rto = self["rto"]
        prepared = filled(
            lambda said: tc.Meeting(
                rto_id=number(61),
                on=LATER,
                place="x",
                participants=tuple(
                    tm.Participant(party=one, role=tm.ParticipantRole.EXPERT, contribution="x")
                    for one in TABLE
                ),
                preparation=tc.Preparation(
                    goal=said,
                    decision_types=("c",),
                    themes=("c",),
                    citizen=tm.CitizenInvolvement.INVITED,
                    care_agreements="x",
                    consulted_leading_party=True,
                ),
            )
        )
        rto.is_asked(prepared, lambda sent: tc.ConveneRto(by=large.by_director(OTHER), meeting=sent))
        for one in TABLE:
            come = m.InvitationAccepted(rto_id=number(61), delegate="d" * 64, mandate=True)
            rto.hears(come, large.by_party(one))
        parts = tuple(tc.Part(party=one, role="x", information_need="x") for one in TABLE)
        plan = tc.Plan(agreements="x", ave_level=2, ends=tuple(actions), parts=parts)
        rto.is_asked(plan, lambda sent: tc.RecordPlan(by=large.by_director(OTHER), plan=sent))
        for n in range(3):
            more = filled(partial(_plan_of_one, number(4000 + n), parts))
            rto.is_asked(more, lambda sent: tc.RecordPlan(by=large.by_director(OTHER), plan=sent))

    def offer_on_nobodys_behalf(self) -> None:
        """Offer direction while who leads has left; then it is a party again."""
        rto, everybody = self["rto"], self["rto"].parties
        gone = everybody.records[REFERRER].model_copy(update={"member_until": NOW})
        rto.parties = Parties({**everybody.records, REFERRER: gone})
        rto.does(tc.OfferDirection(by=replace(large.by_director(), on_behalf_of=None), party=OTHER))
        rto.parties = everybody

    def end(self) -> None:
        """De-escalate with more participants and takers than one message holds, and destroy the file."""
        rto, retention = self["rto"], self["retention"]
        deescalate = tc.Conclusion(outcome=m.RtoOutcome.DEESCALATE)
        rto.does(tc.ConcludeRto(by=large.by_director(OTHER), rto_id=number(61), conclusion=deescalate))
        for receiver in ("intake", "triage", "retention"):
            self.pass_on("rto", receiver)
        kept = Cleaning(
            kept_items=tuple(rc.KeptItem(item_id=i.item_id, reason="x") for i in retention.state.items)
        )
        retention.is_asked(kept, lambda sent: rc.CleanFile(by=large.by_director(OTHER), kept=sent.kept_items))
        retention.now = add_months(NOW, 12)
        retention.does(rc.ArchiveFile(by=CLOCK, reference=number(71)))
        retention.does(rc.StartErasure(by=CLOCK, reference=number(71)))
        for receiver in ("intake", "triage", "rto", "governance"):
            self.pass_on("retention", receiver)
            self.pass_on(receiver, "retention")
        retention.does(
            rc.RecordKeyDestroyed(
                by=CLOCK,
                proof_id=number(70),
                destroyed_at=retention.now,
                backups_lapse_at=retention.now,
                house_keys=("k" * 43,) * 10,
            )
        )


def _plan_of_one(action_id: str, parts: tuple[tc.Part, ...], said: str) -> tc.Plan:
    action = m.Action(action_id=action_id, party=REFERRER, description=said)
    return tc.Plan(agreements="x", ave_level=2, parts=parts, actions=(action,))


def ask_back(triage: Core, query_id: str, recipient: str) -> None:
    """Let a queried party ask what is meant, and twice for time, and tell it as much as a letter takes."""
    unclear = filled(lambda said: tm.QueryClarificationAsked(query_id=query_id, question=said))
    triage.hears(unclear, large.by_party(recipient))
    clarification = filled(lambda said: NewClarification(clarification=said))
    triage.is_asked(
        clarification,
        lambda sent: c.ClarifyQuery(
            by=large.by_director(), query_id=query_id, clarification=sent.clarification
        ),
    )
    for days, granted in ((7, False), (14, True)):
        until = LATER + timedelta(days=days)

        def asking(said: str, until: datetime = until) -> tm.QueryExtensionAsked:
            return tm.QueryExtensionAsked(query_id=query_id, reply_before=until, reason=said)

        def deciding(said: str, granted: bool = granted) -> NewExtension:
            return NewExtension(granted=granted, reason=said)

        ask = filled(asking)
        triage.hears(ask, large.by_party(recipient))
        decision = filled(deciding)
        triage.is_asked(
            decision,
            lambda sent: c.DecideExtension(
                by=large.by_director(), query_id=query_id, granted=sent.granted, reason=sent.reason
            ),
        )


def largest_query(recipient: str, persons: list[str], *, long: str = "question") -> NewQuery:
    return filled(
        lambda said: NewQuery(
            recipient=recipient,
            task="w" * 120,
            purpose=said if long == "purpose" else "x",
            necessity="x",
            question=said if long == "question" else "x",
            reason="x",
            referrer_estimate="x",
            persons=tuple(persons),
            reply_before=LATER,
            include_bsn=True,
            include_address=True,
            address_reason="x",
        )
    )


def issued(query_id: str, sent: NewQuery) -> c.IssueQuery:
    return c.IssueQuery(
        by=large.by_director(),
        query_id=query_id,
        recipient=str(sent.recipient),
        task=sent.task,
        purpose=sent.purpose,
        necessity=sent.necessity,
        question=sent.question,
        reason=sent.reason,
        referrer_estimate=sent.referrer_estimate,
        reply_before=sent.reply_before,
        persons=sent.persons,
        include_bsn=sent.include_bsn,
        include_address=sent.include_address,
        address_reason=sent.address_reason,
    )


def _items_of(event: Any) -> tuple[Item, ...]:
    """Return the items that an event of triage brings in, as its record keeps them."""
    given = getattr(event, "taken_up", None) or getattr(event, "answer", None)
    return given.items if given is not None else ()


def early_ends(parties: Parties) -> list[Core]:
    """Return the cases that end before the table does, one for each message that says so."""
    intake, triage, rto = (Core(SERVICES[name], parties) for name in ("intake", "triage", "rto"))
    intake.hears(large.referral(large.with_long_texts()), large.by_party())
    intake.hears(im.ConsultationConfirmed(), large.by_party())
    no = im.ScreeningOutcome.NOT_TAKEN_UP
    why = next(iter(intake.texts))
    intake.does(ic.ScreenReferral(by=large.by_director(), outcome=no, weighing=why, reason=why))
    person = large.with_long_texts()[0]
    taken_up = im.CaseTakenUp(
        referrer=REFERRER,
        acting_body=BODY,
        task="w",
        basis="w",
        theme=Theme.COMPLEX_CASE,
        outcome=im.ScreeningOutcome.TAKEN_UP,
        director=large.DIRECTOR,
        persons=(person,),
        items=(),
        taken_up_at=NOW,
    )
    triage.hears(taken_up, large.by_service("intake"))
    triage.does(c.ConcludeTriage(by=large.by_director(), outcome=tm.TriageOutcome.NOT_TAKEN_UP))
    prepared = tm.RtoPrepared(
        leading_party=REFERRER,
        acting_body=BODY,
        director=large.DIRECTOR,
        theme=Theme.COMPLEX_CASE,
        goal="x",
        decision_types=("c",),
        themes=("c",),
        participants=(tm.Participant(party=REFERRER, role=tm.ParticipantRole.EXPERT, contribution="x"),),
        viewing_plan=(),
        citizen=tm.CitizenInvolvement.INVITED,
        persons=(person,),
        prepared_at=NOW,
    )
    rto.hears(prepared, large.by_service("triage"))
    rto.does(
        tc.ConveneRto(
            by=large.by_director(),
            meeting=tc.Meeting(rto_id=number(60), on=LATER, place=next(iter(rto.texts))),
        )
    )
    rto.hears(m.InvitationAccepted(rto_id=number(60), delegate="d", mandate=True), large.by_party())
    ended = tc.Conclusion(outcome=m.RtoOutcome.OTHER_TABLE)
    rto.does(tc.ConcludeRto(by=large.by_director(), rto_id=number(60), conclusion=ended))
    return [intake, triage, rto]


def lapsed(parties: Parties) -> Core:
    """Return a referral in which nobody acts, after all its terms."""
    intake = Core(SERVICES["intake"], parties)
    intake.hears(large.referral(large.with_long_texts()), large.by_party())
    for days in (10, 20, 60):
        intake.does(ic.PassTerm(by=CLOCK, at=NOW + timedelta(days=days)))
    return intake


def known_checks(parties: Parties) -> list[Core]:
    """Return a case whose director asks another house, and a check of that house which finds this case."""
    case, asked = Core(SERVICES["intake"], parties), Core(SERVICES["intake"], parties)
    case.hears(large.referral(large.with_long_texts()), large.by_party())
    case.hears(im.ConsultationConfirmed(), large.by_party())
    why, director = next(iter(case.texts)), large.by_director()
    up = im.ScreeningOutcome.TAKEN_UP
    case.does(ic.ScreenReferral(by=director, outcome=up, weighing=why, reason=why))
    one = replace(case.state.identities[0], subject=True, digest="d")
    case.state = replace(case.state, identities=(one,))
    necessity = km.CheckNecessity.COORDINATION
    ask = ic.AskKnownCheck(by=director, check_id=number(1), necessity=necessity, reason=why)
    case.does(replace(ask, person_id=one.person_id, house=large.HOUSE))
    person = large.with_long_texts()[0]
    from_there = km.KnownCheckAsked(
        check_id=number(1),
        case_id=number(2),
        on_behalf_of=large.HOUSE,
        necessity=necessity,
        task="w" * 120,
        name=person.name,
        date_of_birth="1990-04-17",
    )
    asked.hears(from_there, large.by_party(large.HOUSE))
    asked.state = replace(asked.state, check=replace(asked.state.check, digest="d"))
    found = Matches({CASE: case.state})
    asked.does(ic.ConsultOnCheck(by=director), found)
    asked.does(ic.RecordConsultation(by=large.by_party(), may_be_answered=True), found)
    asked.does(ic.DecideKnownCheck(by=director, answer=km.KnownAnswer.YES), found)
    asked.does(ic.AnswerKnownCheck(by=CLOCK), found)
    return [case, asked]


def cleaned_file(parties: Parties) -> Core:
    """Make a file of as many items as may be kept, after years with five hundred participants."""
    retention = Core(SERVICES["retention"], parties, now=NOW)
    by_rto = large.by_service("rto")
    for n in range(MOST_KEPT_ITEMS):
        item = ContributedItem.of(large.many_items("x", 5000 + n, 1)[0], REFERRER)
        retention.hears(m.ItemHandedOver(item=item, shown_to=(REFERRER,)), by_rto)
    for n in range(0, 500, TAKERS_PER_MESSAGE):
        takers = (m.Taker(party=REFERRER, item_id=number(5000), action_id=number(n + k)) for k in range(200))
        retention.hears(m.FilePartHandedOver(takers=tuple(takers)), by_rto)
    file = m.CaseDeescalated(
        rto_id=number(60),
        decided_at=NOW,
        leading_party=REFERRER,
        referrer=REFERRER,
        director=large.DIRECTOR,
        case_director=None,
        theme=Theme.COMPLEX_CASE,
        participants=(),
        persons=(),
        agreements=None,
        actions=(),
        takers=(),
    )
    retention.hears(file, by_rto)
    kept = tuple(rc.KeptItem(item_id=number(5000 + n), reason="x") for n in range(MOST_KEPT_ITEMS))
    cleaning = Cleaning(kept_items=kept)
    assert len(cleaning.model_dump_json()) <= MAX_PAYLOAD
    retention.is_asked(cleaning, lambda sent: rc.CleanFile(by=large.by_director(), kept=sent.kept_items))
    return retention


def reactivated_file(parties: Parties) -> Core:
    """Return what retention sends when the largest file there may be comes back from the archive."""
    retention = cleaned_file(parties)
    retention.now = add_months(NOW, 6)
    retention.does(rc.ArchiveFile(by=CLOCK, reference=number(71)))
    manager = Actor(Role.MANAGER, person="manager")
    why = filled(lambda said: NewReactivation(reason=said))
    retention.is_asked(why, lambda sent: rc.ReactivateFile(by=manager, reason=text(sent.reason)))
    return retention


def long_file(parties: Parties) -> Core:
    """Return what retention sends when the largest file there may be is destroyed."""
    retention = cleaned_file(parties)
    retention.now = add_months(NOW, 12)
    retention.does(rc.StartErasure(by=CLOCK, reference=number(71)))
    for name in ("governance", "intake", "rto", "triage"):
        retention.does(rc.ConfirmPurge(by=large.by_service(name), house_keys=("k" * 43,) * 10))
    retention.does(
        rc.RecordKeyDestroyed(
            by=CLOCK, proof_id=number(70), destroyed_at=NOW, backups_lapse_at=NOW, house_keys=("k" * 43,)
        )
    )
    return retention


def longest_policy(parties: Parties) -> Core:
    """Make a decision that changes the terms of every step."""
    governance, day = Core(SERVICES["governance"], parties), NOW.date()
    terms = tuple(
        gm.StepTerm(step=step, remind=400, tell=400, again=400, end=term.end and 400)
        for step, term in TERMS.items()
    )
    parameters = gm.Parameters(
        closing_days=400,
        longest_postponement_days=400,
        query_reminder_days=400,
        query_extension_days=400,
        confirmation_days=400,
        leader_looked_for_days=7,
        direction_accepted_days=400,
        without_table_days=400,
        terms=terms,
    )
    decision = Decision(
        number="VGVGVGVG-2026-9998",
        organ=gm.Organ.PREPARATORY_GROUP,
        taken_on=day,
        in_force_from=day + timedelta(days=2),
        subject=DecisionSubject(kind=SubjectKind.WORK_PROCESS, parameters=parameters),
        votes=Votes(in_favour=8),
        with_manager=True,
    )
    governance.does(gc.RecordDecision(by=Actor(Role.SECRETARY, person="p"), decision=decision))
    return governance


def an_account(parties: Parties) -> Core:
    """Let somebody with as long a subject as there can be acknowledge secrecy."""
    governance = Core(SERVICES["governance"], parties)
    worker = Actor(Role.PARTY_WORKER, party=REFERRER, person="p" * 64)
    governance.does(gc.AcknowledgeSecrecy(by=worker, secrecy=True))
    return governance


def oldest_party(parties: Parties) -> Core:
    """Make a party with as many mandates and keys as may be on record, which then leaves."""
    governance = Core(SERVICES["governance"], parties)
    bodies = tuple(f"b{n:059d}" for n in range(12))
    jwk = public_jwk(new_key(), "sig")
    day = NOW.date()
    form = AccessionForm(
        name=large.WIDE * 120,
        seat=large.WIDE * 120,
        office="x",
        officer_function="x",
        officer_name=TextRef("piece", "governance"),
        chair_name=TextRef("other-piece", "governance"),
        endorses_goals=True,
        undertakes_to_comply=True,
        entitled_to_exchange=True,
        place="x",
        organisation_signed_on=day,
        chair_signed_on=day,
    )
    signatory = Signatory(
        party=REFERRER,
        decision="SG-2025-1",
        form=form,
        kind=PartyKind.NATIONAL_CHAIN_PARTNER,
        acting_bodies=bodies,
        source="urn:nld:oin:" + "0" * 108,
        member_from=NOW,
        signing_key=KeyOnPaper(kid=jwk["kid"], jwk=jwk),
    )
    secretary, director = Actor(Role.SECRETARY, person="p"), large.by_director()
    decided = RecordedDecision(
        Decision(
            number="SG-2025-1",
            organ=gm.Organ.STEERING_GROUP,
            taken_on=day,
            in_force_from=day,
            subject=DecisionSubject(kind=SubjectKind.ACCESSION, parties=(REFERRER,)),
            votes=Votes(in_favour=8),
        )
    )
    signing = gc.RecordSignatory(by=secretary, signatory=signatory, received_at=NOW, decision=decided)
    governance.does(signing)
    for n in range(MOST_AUTHORISATIONS):
        grant = gm.AuthorisationGranted(
            authorisation_id=number(n),
            acting_body=bodies[0],
            scopes=tuple(Scope),
            valid_from=NOW.replace(microsecond=123456),
            valid_until=LATER.replace(microsecond=123456),
        )
        governance.does(gc.GrantAuthorisation(by=large.by_party(), party=REFERRER, grant=grant))
        accepted = gc.AcceptAuthorisation(by=director, authorisation_id=number(n), processor_agreement=True)
        governance.does(accepted)
    for _ in range(MOST_KEYS - 1):
        jwk = public_jwk(new_key(), "sig")
        announced = gm.PublicKeyAnnounced(kid=jwk["kid"], use=KeyUse.SIGNING, jwk=jwk)
        governance.does(
            gc.AnnounceKey(by=large.by_party(), party=REFERRER, announcement=announced, received_at=NOW)
        )
    governance.does(gc.ProposeEnding(by=secretary, reason=gm.EndReason.SPECIAL_WITHDRAWAL))
    manager = Actor(Role.MANAGER, person="manager")
    governance.does(gc.EndMembership(by=manager, reason=gm.EndReason.SPECIAL_WITHDRAWAL))
    return governance


def of_no_case(parties: Parties) -> Core:
    """Return what the shell itself sends: answers, dead letters, claims of items, keys that are gone."""
    core = Core(SERVICES["triage"], parties)
    outgoing = OutgoingMessages("triage", Topics())
    entry = InboxEntry(REFERRER, number(1), b"", NOW, CASE)
    delivery = Delivery(
        entry, large.by_party(), unreadable("too-large"), NOW, FromParty(REFERRER), traceparent=large.TRACE
    )
    longest = max(REASONS, key=len)
    place = Position(topic=Topics().from_party("governance", REFERRER), partition=0, offset=2**63 - 1)
    claims = [Claim(number(n), CASE, OTHER) for n in range(CLAIMS_PER_EVENT + 1)]
    core.sent += [
        outgoing.accepted(REFERRER, delivery),
        *outgoing.unreadable(
            REFERRER, place, unreadable(longest), number(1), ("/" + "x" * 199,) * MOST_INVALID
        ),
        *outgoing.items_claimed(claims),
        outgoing.event(HouseKeysDestroyed(house_keys=("k" * 64,) * HOUSE_KEYS_PER_EVENT)),
        outgoing.event(log_checkpoints.make("triage", 2**63 - 1, b"h" * 32, NOW, new_key()).message()),
    ]
    return core


@pytest.fixture(scope="module")
def recipient(tmp_path_factory: pytest.TempPathFactory) -> Recipient:
    return Recipient(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def sent(recipient: Recipient) -> dict[str, list[Ready]]:
    """Return everything the house sent about all of these, as it lies on Kafka, by type."""
    many = Played(recipient, large.with_many_texts(), large.many_items, long_contribution=False)
    long = Played(recipient, large.with_long_texts(), large.no_items, long_contribution=True)
    parties = many.parties
    alone = [
        *early_ends(parties),
        *known_checks(parties),
        lapsed(parties),
        long_file(parties),
        reactivated_file(parties),
        oldest_party(parties),
        longest_policy(parties),
        an_account(parties),
        of_no_case(parties),
    ]
    found: dict[str, list[Ready]] = {}
    for core in (*many.cores.values(), *long.cores.values(), *alone):
        for ready in large.made_ready(core, recipient):
            found.setdefault(ready.row.type, []).append(ready)
    return found


@pytest.mark.parametrize(
    "entry",
    [entry for entry in all_messages() if entry.direction is not Direction.FROM_PARTY],
    ids=lambda entry: entry.name,
)
def test_the_largest_of_each_message_is_taken_by_its_receiver(
    entry: MessageType, sent: dict[str, list[Ready]], recipient: Recipient
) -> None:
    """The relay made it ready, so it is below what a topic takes; its reader takes it, whole."""
    largest = max(sent[entry.type], key=lambda ready: ready.size)
    assert largest.size <= MAX_RECORD
    assert len(largest.body) <= MAX_BODY
    if entry.direction is Direction.EVENT:
        assert entry.model.model_validate_json(largest.body, context=SEALED_ALLOWED)
        return
    assert len(largest.body) <= MAX_SEALED_LETTER
    keys = recipient.house_keys
    payload, _ = decrypt_and_verify(
        largest.body,
        sealed_to=lambda kid: recipient.sealing,
        signed_by=lambda kid: keys.signing,
        most=MAX_SEALED_LETTER,
    )
    assert len(payload) <= MAX_LETTER
    assert entry.model.model_validate(from_json(payload)["data"])


def test_what_is_too_long_for_one_message_goes_in_several(sent: dict[str, list[Ready]]) -> None:
    def count(name: str) -> int:
        return len(sent[f"nl.veiligheidscasussen.{name}.v1"])

    assert count("file-part-handed-over") == 2 * (MOST_PARTICIPANTS + 1 + 3), "and three actions"
    assert count("actions-assigned") == 2 * (1 + 3), "each recorded apart from the others"
    assert count("items-claimed") == 2
    assert count("item-prepared") > 40
    announced = sent["nl.veiligheidscasussen.destruction-announced.v1"]
    takers = [ready for ready in announced if ready.row.key == CASE]
    assert len(takers) >= 3

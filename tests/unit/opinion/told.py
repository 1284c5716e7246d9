"""Tell what happened in the covenant's words: from the events of the service that decides each thing alone.

What a service follows of another is told by that other one; who may see something is told by nobody.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from services.governance import events as g
from services.intake import events as i
from services.retention import events as d
from services.rto import events as r
from services.triage import events as t
from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem, Step
from shared.contract.fields import Item as ProductItem
from shared.contract.messages.intake import CaseTakenUp
from shared.contract.messages.rto import Use
from shared.core.effects import Announce, Effect
from shared.core.leaderless import LeaderBack, LeaderLeft
from shared.core.terms import TermPassed, Told
from tests.unit.opinion.model import facts as f


def facts_of(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    """Yield what this event tells; `state` and `effects` are those after it."""
    match event:
        case TermPassed(overdue=late) | LeaderLeft(overdue=late):
            place = type(state).__module__.split(".")[1]
            informing = late.step is Step.INFORMING
            yield f.TakesLong(place, late.told is Told.MANAGER, late.leader_left is not None, informing)
        case LeaderBack():
            yield f.TakesLongNoMore(type(state).__module__.split(".")[1])
        case _ if (of_its_service := TOLD_BY.get(type(event).__module__)) is not None:
            yield from of_its_service(event, state, effects)


def _item(item: ProductItem, giver: str) -> f.Item:
    return f.Item(
        item.item_id,
        giver,
        item.category.needs_test,
        item.hidden_from_director,
        item.shareable_at_rto,
        item.withheld_from,
        item.shareable_in_query,
    )


def _of_parties(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    match event:
        case g.SignatoryRecorded(record=one):
            national, since = one.kind.value == "national-chain-partner", one.member_from
            assert since is not None
            yield f.Joined(
                one.party, national, one.checked_for_special, one.may_use_bsn, one.acting_bodies, since
            )
        case g.AuthorisationGranted(authorisation=one):
            scopes = tuple(str(scope) for scope in one.scopes)
            number, begins = one.authorisation_id, one.valid_from
            yield f.MandateGiven(state.record.party, number, one.acting_body, scopes, begins, one.valid_until)
        case g.AuthorisationAccepted(authorisation_id=number, at=at):
            yield f.MandateAccepted(state.record.party, number, at)
        case g.AuthorisationRevoked(authorisation_id=number, at=at):
            yield f.MandateRevoked(state.record.party, number, at)
        case g.EndingProposed():
            yield f.EndProposed(state.record.party)
        case g.MembershipEnded(at=at):
            yield f.PartyLeft(state.record.party, at)


def _of_intake(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    match event:
        case i.ReferralReceived(referrer=party, referral=referral):
            yield f.Referred(
                party,
                referral.acting_body,
                tuple(one.person_id for one in referral.persons),
                tuple(one.person_id for one in referral.persons if one.bsn is not None),
                tuple(_item(one, party) for one in referral.items),
                referral.informed_beforehand,
            )
        case i.CaseTakenUp(director=director):
            (told,) = (x.message for x in effects if isinstance(x, Announce))
            assert isinstance(told, CaseTakenUp)
            yield f.TakenUp(director, tuple(one.item_id for one in told.items))
        case i.ReferralNotTakenUp(director=director, at=at):
            yield f.NotTakenUp(director, at)
        case i.CaseAssigned(director=person, support_workers=support):
            yield f.Assigned(person, support)
        case i.ReferralWithdrawn(at=at) | i.ReferralLapsed(at=at):
            yield f.CaseEnds(at)
        case _:
            yield from _of_informing(event)


def _of_informing(event: Any) -> Iterator[f.Fact]:
    match event:
        case i.DutyToInformArose(duty=duty):
            assert duty.due is not None
            yield f.ToInform(duty.id, duty.addressee, duty.kind, duty.due)
        case i.PersonInformed(duty=number, at=at):
            yield f.Informed(number, at)
        case i.InformingPostponed(duty=number, at=at):
            yield f.InformedLater(number, at)
        case i.DutyCameDue(duty=number, by=by):
            yield f.ToInformNow(number, by)
        case i.DutyHandedOver(duty=number):
            yield f.HandedOver(number)


def _of_triage(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    match event:
        case t.QueryIssued(recipient=party, query=query, choice=choice):
            numbered = tuple(one.person_id for one in query.persons if one.bsn is not None)
            tested = choice.passed_processing_test
            special, drawn_from = choice.contains_special, _drawn_from(choice.drawn_from, state)
            yield f.Asked(query.query_id, party, numbered, special, tested, drawn_from, event.lapses_at)
            if choice.referrers_own is not None:
                yield f.EstimateUsed(party)
        case t.QueryAnswered(party=party, number=n, answer=answer):
            items = tuple(_item(one, party) for one in answer.items)
            yield f.Replied(answer.query_id, n, items, False, answer.under_secrecy)
        case t.QueryDeclined(number=n, decline=decline):
            yield f.Replied(decline.query_id, n, (), True)
        case t.QueryLapsed(query_id=query, at=at):
            yield f.NothingExpected(query, at is not None)
        case t.SecrecyCleared(items=items):
            yield f.SecrecyLifted(items)
        case t.EstimateGiven(estimate=one):
            yield f.PartyEstimated(one.party)
        case t.TriageConcluded():
            yield f.RtoNeeded()
        case t.TriageClosed(at=at):
            yield f.CaseEnds(at, concluded=True)
        case t.TriageLapsed(at=at):
            yield f.CaseEnds(at)
        case t.RtoPrepared(prepared=prepared):
            yield f.TablePrepared(_tested(prepared.participants))
        case _:
            yield from _of_asking_back(event, state)


def _of_asking_back(event: Any, state: Any) -> Iterator[f.Fact]:
    match event:
        case t.ClarificationAsked(query_id=query, number=n):
            yield f.MeaningAsked(query, n)
        case t.QueryClarified(clarified=one):
            yield f.MeaningTold(
                one.query_id,
                one.number,
                one.contains_special,
                one.passed_test,
                _drawn_from(one.drawn_from, state),
            )
        case t.ExtensionAsked(query_id=query, number=n):
            yield f.TimeAsked(query, n)
        case t.QueryExtended(query_id=query, lapses_at=ends):
            yield f.TimeDecided(query, ends)
        case t.ExtensionRefused(query_id=query):
            yield f.TimeDecided(query, None)


def _drawn_from(items: Sequence[str], state: Any) -> tuple[tuple[str, int], ...]:
    """In which version each item was when the question was drawn from it, as triage knew it."""
    known = {one.item_id: one.version for one in state.standings}
    return tuple((item, known.get(item, 1)) for item in items)


def _tested(participants: Sequence[Any]) -> tuple[tuple[str, bool], ...]:
    return tuple((one.party, one.passed_processing_test) for one in participants)


def _plan(entries: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((one.item_id, one.participant) for one in entries)


def _of_table(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    match event:
        case r.ItemRecorded(item=item, viewing=viewing):
            yield f.AtTheTable(item.item_id, tuple(one.participant for one in viewing))
        case r.RtoConvened(meeting=meeting):
            invited, plan = meeting.participants, _plan(meeting.viewing_plan)
            at_home = tuple(one.party for one in invited if not is_blank(one.address_reason))
            yield f.TableConvened(meeting.rto_id, _tested(invited), plan, at_home)
        case r.ViewingPlanExtended(entries=entries):
            yield f.MoreToSee(_plan(entries))
        case r.InvitationAccepted(party=party, delegate=person):
            yield f.DelegateNamed(party, person)
        case r.InvitationDeclined(party=party):
            yield f.DelegateGone(party, declined=True)
        case r.MandateEnded(party=party):
            yield f.DelegateGone(party, declined=False)
        case r.ItemsContributed(items=items):
            yield f.BroughtIn(tuple(_contributed(one) for one in items))
        case r.ReleaseAsked(request=use):
            yield _word(use, "asked")
        case r.ReleaseGiven(release=use):
            yield _word(use, "given")
        case r.ReleaseRefused(refusal=use):
            yield _word(use, "refused")
        case r.ReleaseWithdrawn(item_id=item):
            yield f.TakenBack(item)
        case r.ItemCorrected(item_id=item, category=category):
            yield f.Corrected(item, None if category is None else category.needs_test)
        case r.ItemWithdrawn(item_id=item):
            yield f.WithdrawnForGood(item)
        case r.TermsChanged(terms=terms):
            yield f.TermsChanged(
                terms.item_id,
                None if terms.category is None else terms.category.needs_test,
                terms.hidden_from_director,
                terms.shareable_at_rto,
                terms.shareable_in_query,
                terms.withheld_from,
                terms.shown_again_to,
                terms.use_conditions is not None,
            )
        case r.StandingChanged(standing=standing) if standing.withheld_from:
            yield f.Reserved(standing.item_id, standing.withheld_from)
        case _:
            yield from _of_plan(event)


def _contributed(item: ContributedItem) -> f.Item:
    return _item(item, item.contributor)


def _word(use: Any, said: str) -> f.Word:
    if use.use is Use.RTO:
        return f.Word(use.item_id, None, None, said)
    return f.Word(use.item_id, use.recipient, use.action_id, said)


def _of_plan(event: Any) -> Iterator[f.Fact]:
    match event:
        case r.PlanRecorded(plan=plan):
            succeeded = tuple(one.succeeds for one in plan.actions if one.succeeds is not None)
            actions = tuple((one.action_id, one.party) for one in plan.actions)
            yield f.PlanMade(actions, (*plan.ends, *succeeded), plan.drawn_from)
        case r.ActionProgressed(action_id=action):
            yield f.Progressed(action)
        case r.ItemProvided(taking=taking):
            yield f.Provided(taking.item_id, taking.recipient, taking.action_id, event.version)
        case r.DirectionMoved(leading_party=party, acting_body=body, account=person, since=at):
            yield f.DirectionMoved(party, body, person or None, at)
        case r.CaseDirectorNamed(account=person):
            yield f.CaseDirectorNamed(person or None)
        case r.MonitoringAgreed(items=agreed):
            yield f.MonitoringAgreed(agreed)
        case r.CaseDeescalated(at=at):
            yield f.Deescalated(at)
        case r.CaseEndedAtTable(at=at):
            yield f.CaseEnds(at)


def _of_retention(event: Any, state: Any, effects: Sequence[Effect]) -> Iterator[f.Fact]:
    match event:
        case d.CaseClosing() | d.DutiesSettled() if state.removal_on is not None:
            yield f.Settled(state.removal_on)
        case d.FileCleaned(kept=kept):
            yield f.Cleaned(tuple(one.item_id for one in kept))
        case d.FileArchived():
            yield f.Archived()
        case d.InspectionUsed(number=number, at=at):
            (one,) = (x for x in state.inspections if x.number == number)
            yield f.FileRead(one.person, at)
        case d.ReactivationAsked():
            yield f.ReactivationAsked()
        case d.FileReactivated():
            yield f.Reactivated()


Teller: TypeAlias = Callable[[Any, Any, Sequence[Effect]], Iterator[f.Fact]]
TOLD_BY: Mapping[str, Teller] = {
    g.__name__: _of_parties,
    i.__name__: _of_intake,
    t.__name__: _of_triage,
    r.__name__: _of_table,
    d.__name__: _of_retention,
}

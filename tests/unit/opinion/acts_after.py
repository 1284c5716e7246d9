"""Try what is done in phase 4, and what happens at any time."""

from datetime import timedelta

from services.governance import commands as g
from services.intake import commands as i
from services.retention import commands as d
from services.rto import commands as r
from services.triage import commands as t
from shared.contract.fields import Category, Revision
from shared.contract.messages import rto as rm
from shared.contract.messages import triage as tm
from shared.contract.messages.governance import AuthorisationGranted, EndReason
from shared.contract.messages.intake import ScreeningOutcome
from shared.core.actor import Actor, Command, Role
from tests.unit.opinion import cast
from tests.unit.opinion.acts_at_table import rto_id
from tests.unit.opinion.cast import BODY, LEADERS, PARTIES, bodies, number
from tests.unit.opinion.errors import is_stranger
from tests.unit.opinion.play import A_DAY, Play, X, text


def clean(play: Play) -> None:
    play.house.deliver_all()
    items = [x.item_id for x in play.state("retention").items if play.likely(0.8)]
    kept = tuple(d.KeptItem.model_construct(item_id=x, reason=X) for x in items)
    play.ask("retention", d.CleanFile(by=play.director(), kept=kept))


def take_back_of_file(play: Play) -> None:
    """A contributor takes back what the director confirmed as necessary."""
    for kept in play.some(play.state("retention").kept, 1):
        contributor = play.house.claims[kept.item_id]
        play.ask("rto", r.WithdrawRelease(by=play.party(contributor), item_id=kept.item_id))


def months(play: Play) -> None:
    """Time passes up to a boundary: just before it, on it, or later."""
    play.house.deliver_all()
    s, now = play.story, play.house.now
    ends = [s.archive_on, s.destroy_on, s.ended_at and s.ended_at + timedelta(days=14)]
    ahead = [at for at in ends if at is not None and at > now]
    if ahead:
        near = play.one((-timedelta(microseconds=1), timedelta(0), timedelta(0), 3 * A_DAY))
        play.house.passes(max(now, min(ahead) + near) - now)


def inspect(play: Play) -> None:
    manager = play.manager()
    play.ask("retention", d.InspectFile(by=manager, reason=X))
    if play.likely(0.7):
        play.ask("retention", d.UseInspection(by=manager))


def ask_reactivation(play: Play) -> None:
    leader = play.story.leader if play.likely(0.9) else play.one(PARTIES)
    play.ask("retention", d.AskReactivation(by=play.party(leader), reason=X))


def reactivate(play: Play) -> None:
    play.house.deliver_all()
    by = play.director() if play.likely(0.6) else play.manager()
    play.ask("retention", d.ReactivateFile(by=by, reason=X))
    play.house.deliver_all()


def clock(play: Play) -> None:
    """Some of what is due is done; the rest waits."""
    for name, timer in play.house.due():
        if play.likely(0.6) and timer in play.house.places[name].timers:
            play.house.deliver_all()
            play.house.fire(name, timer)
            play.house.deliver_all()


def a_while(play: Play) -> None:
    play.house.deliver_all()
    play.house.passes(play.one((timedelta(hours=1), A_DAY, 8 * A_DAY, 30 * A_DAY)))


def take_back(play: Play) -> None:
    items = sorted(play.house.claims.items())
    if items:
        item, contributor = play.one(items)
        by = play.party(contributor if play.likely(0.9) else play.one(PARTIES))
        play.ask("rto", r.WithdrawRelease(by=by, item_id=item))


def reserve(play: Play) -> None:
    items = sorted(play.house.claims.items())
    if items:
        item, contributor = play.one(items)
        by = play.party(contributor if play.likely(0.9) else play.one(PARTIES))
        play.ask("rto", r.LimitItem(by=by, item_id=item, withheld_from=(play.one(PARTIES),)))


def _of_somebody(play: Play) -> tuple[str, Actor] | None:
    """An item wherever it is, and mostly its contributor."""
    items = sorted(play.house.claims.items())
    if not items:
        return None
    item, contributor = play.one(items)
    return item, play.party(contributor if play.likely(0.9) else play.one(PARTIES))


def correct(play: Play) -> None:
    if (found := _of_somebody(play)) is not None:
        new = play.new(8)
        category = play.one((None, None, *Category))
        revision = Revision(content=text(f"c{new}"), necessity=text(f"n{new}"), category=category)
        play.ask("rto", r.CorrectItem(by=found[1], item_id=found[0], revision=revision))


def change_terms(play: Play) -> None:
    if (found := _of_somebody(play)) is not None:
        more, less = play.some(PARTIES, 1), play.some(PARTIES, 2)
        terms = rm.ItemTermsChanged.model_construct(
            item_id=found[0],
            acting_body=None,
            use_conditions=text(play.new(8)) if play.likely(0.2) else None,
            category=play.one((None, None, *Category)),
            withheld_from=tuple(more),
            shown_again_to=tuple(one for one in less if one not in more),
            shareable_at_rto=play.one((None, None, True, False)),
            shareable_in_query=play.one((None, None, True, False)),
            hidden_from_director=play.one((None, None, True, False)),
        )
        play.ask("rto", r.ChangeTerms(by=found[1], terms=terms))


def withdraw_for_good(play: Play) -> None:
    if (found := _of_somebody(play)) is not None:
        play.ask("rto", r.WithdrawItem(by=found[1], item_id=found[0]))


def revoke(play: Play) -> None:
    party = play.one((play.story.leader, *LEADERS))
    record = play.house.members[party].record
    if record.authorisations:
        mandate = play.one(record.authorisations).authorisation_id
        by = Actor(Role.PARTY, party=party)
        play.house.ask_governance(party, g.RevokeAuthorisation(by=by, party=party, authorisation_id=mandate))


def authorise(play: Play) -> None:
    """A party authorises the house anew, by one of its bodies, and mostly a director accepts."""
    party, mandate = play.one((play.story.leader, *LEADERS)), play.new(2)
    given = AuthorisationGranted.model_construct(
        authorisation_id=mandate,
        acting_body=play.one(bodies(party)),
        scopes=play.one(cast.MANDATES),
        valid_from=None,
        valid_until=play.house.now + 30 * A_DAY if play.likely(0.3) else None,
    )
    by = Actor(Role.PARTY, party=party)
    play.house.ask_governance(party, g.GrantAuthorisation(by=by, party=party, grant=given))
    if play.likely(0.9):
        accept = g.AcceptAuthorisation(
            by=Actor(Role.PROCESS_DIRECTOR, person=cast.DIRECTORS[0]),
            authorisation_id=mandate,
            processor_agreement=True,
        )
        play.house.ask_governance(party, accept)


def leave(play: Play) -> None:
    """A party leaves: proposed by one, confirmed by another; most of the time nobody does."""
    if play.likely(0.5):
        return a_while(play)
    party, why = play.one((*PARTIES, play.story.leader)), EndReason.EXCLUSION
    secretary = Actor(Role.SECRETARY, person=cast.SECRETARY)
    play.house.ask_governance(party, g.ProposeEnding(by=secretary, reason=why))
    if play.likely(0.6):
        confirm = g.EndMembership(by=Actor(Role.MANAGER, person=cast.MANAGERS[0]), reason=why)
        play.house.ask_governance(party, confirm)
    return None


def stranger(play: Play) -> None:
    """Somebody who has nothing to do with the case tries something."""
    party = play.party(play.one(PARTIES))
    items = sorted(play.house.claims) or [number(3, 1)]
    item, rto = play.one(items), rto_id(play)
    query = play.one([x.query_id for x in play.state("triage").queries] or [number(5, 0)])
    decline = tm.QueryDeclined.model_construct(query_id=query, ground=tm.DeclineGround.LAW, explanation=None)
    unclear = tm.QueryClarificationAsked.model_construct(query_id=query, question=X)
    cleared = tm.SecrecyCleared.model_construct(items=(item,), with_consent=False, consent=None)
    given = rm.ReleaseGiven.model_construct(
        item_id=item, use=rm.Use.RTO, recipient=None, action_id=None, secrecy=None
    )
    other = Actor(Role.PROCESS_DIRECTOR, person=play.one(cast.DIRECTORS), on_behalf_of=play.one(LEADERS))
    tried: tuple[tuple[str, Command], ...] = (
        ("intake", i.ConfirmConsultation(by=party)),
        ("intake", i.WithdrawReferral(by=party, reason=X)),
        ("intake", i.ScreenReferral(by=other, outcome=ScreeningOutcome.TAKEN_UP, reason=X, weighing=X)),
        ("triage", t.DeclineQuery(by=party, decline=decline)),
        ("triage", t.AskClarification(by=party, asked=unclear)),
        ("triage", t.ClearSecrecy(by=party, cleared=cleared)),
        ("triage", t.GiveEstimate(by=party, party=play.one(PARTIES), useful=True, estimate=X)),
        ("triage", t.DecideExtension(by=other, query_id=query, granted=True, reason=X)),
        ("triage", t.ConcludeTriage(by=other, outcome=tm.TriageOutcome.NOT_TAKEN_UP)),
        ("rto", r.GiveRelease(by=party, release=given)),
        ("rto", r.WithdrawRelease(by=party, item_id=item)),
        ("rto", r.WithdrawItem(by=party, item_id=item)),
        ("rto", r.CorrectItem(by=party, item_id=item, revision=Revision(content=X, necessity=X))),
        ("rto", r.AcceptInvitation(by=party, rto_id=rto, delegate="x", mandate=True)),
        ("rto", r.AcceptDirection(by=party, case_director=X, acting_body=BODY, task="t", basis="b")),
        ("rto", r.OfferDirection(by=other, party=play.one(PARTIES))),
        ("retention", d.AskReactivation(by=party, reason=X)),
        ("retention", d.CleanFile(by=other, kept=())),
        ("retention", d.ReactivateFile(by=other, reason=X)),
    )
    name, command = play.one(tried)
    if is_stranger(play.story, name, command.by):
        play.ask(name, command)

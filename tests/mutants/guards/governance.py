"""Planted bugs that take away a guard of the rules of governance."""

from tests.mutants.bug import Bug

DECISIONS = "tests/unit/governance/test_decisions.py"
DISCLOSURE = "tests/unit/shared/test_disclosure.py"
LEADERLESS = "tests/unit/test_leaderless.py"
LEAVING = "tests/unit/shared/test_leaving.py"
LOG_SEALS = "tests/unit/shared/test_log_seals.py"
MANDATES = "tests/unit/test_mandates.py"
PROCESS = "tests/unit/governance/test_process.py"
PROVENANCE = "tests/unit/shared/test_provenance.py"
RTO_PROCESS = "tests/unit/rto/test_process.py"
TRIAGE_PROCESS = "tests/unit/triage/test_process.py"

# --- who is a party --------------------------------------------------------------------------------

_MEMBERSHIP = (
    Bug(
        "party on a decision about another organisation",
        "services/governance/decisions.py",
        "    if subject.kind is not SubjectKind.ACCESSION or party not in subject.parties:\n",
        "    if subject.kind is not SubjectKind.ACCESSION:\n",
        (DECISIONS,),
        ("R109.a",),
    ),
    Bug(
        "party on a decision that is not in force",
        "services/governance/decisions.py",
        "    if not decision.holds_on(today) or member_from < decision.decision.in_force_from:\n",
        "    if False:\n",
        (DECISIONS,),
        ("R109.a",),
    ),
    Bug(
        "accession decided on by another organ",
        "services/governance/decisions.py",
        "    SubjectKind.ACCESSION: (STEERING, ",
        "    SubjectKind.ACCESSION: (STEERING | PREPARATORY, ",
        (DECISIONS,),
        ("R109.a",),
    ),
    Bug(
        "party without the signature of the chair",
        "services/governance/accession.py",
        "        if self.organisation_signed_on is None or self.chair_signed_on is None:\n"
        "            return None\n",
        "        if self.organisation_signed_on is None or self.chair_signed_on is None:\n"
        "            return self.organisation_signed_on or self.chair_signed_on\n",
        (PROCESS,),
        ("R109.b",),
    ),
    Bug(
        "party before the day of the last signature",
        "services/governance/process.py",
        "    if day_of(signatory.member_from) < signed_on:\n",
        "    if False:\n",
        (PROCESS,),
        ("R109.b",),
    ),
    Bug(
        "organisation acts before its accession takes effect",
        "services/governance/process.py",
        "    return None if record.is_member(context.judged_at) else r.NOT_YET_IN_FORCE\n",
        "    return None\n",
        (PROCESS,),
        ("R109.c",),
    ),
    Bug(
        "accession form that is not filled in",
        "services/governance/accession.py",
        "        return all(filled_in) and all(declared)",
        "        return all(declared)",
        (PROCESS,),
        ("R110.a",),
    ),
    Bug(
        "accession form without its declarations",
        "services/governance/accession.py",
        "        return all(filled_in) and all(declared)",
        "        return all(filled_in)",
        (PROCESS,),
        ("R110.b",),
    ),
    Bug(
        "membership goes on after its end",
        "services/governance/process.py",
        "    return _with(state, member_until=at, authorisations=revoked)\n",
        "    return _with(state, authorisations=revoked)\n",
        (PROCESS,),
        ("R114.c", "R115.a"),
    ),
    Bug(
        "former party goes on acting in governance",
        "services/governance/process.py",
        "    c.GrantAuthorisation: (MEMBER, ",
        "    c.GrantAuthorisation: (MEMBER | {Phase.ENDED}, ",
        (PROCESS,),
        ("R115.a",),
    ),
    Bug(
        "data sent to a former party",
        "shared/core/leaving.py",
        "        return record is not None and record.is_member(at)\n",
        "        return record is not None\n",
        (LEAVING,),
        ("R115.a", "R115.b"),
    ),
    Bug(
        "house acts in the name of a former party",
        "shared/core/mandate.py",
        "    if record is None or not record.is_member(at):\n",
        "    if record is None:\n",
        (MANDATES,),
        ("R115.a",),
    ),
    Bug(
        "what must still reach a former party stopped",
        "shared/core/leaving.py",
        "    if standing is Standing.ANY:\n        return True\n",
        "",
        (LEAVING,),
        ("R115.b",),
    ),
    Bug(
        "what a former party contributed not frozen",
        "shared/core/standing.py",
        "    return not parties.is_member(contributor, at)\n",
        "    return False\n",
        (LEADERLESS,),
        ("R115.c",),
    ),
    Bug(
        "anything done on nobody's behalf",
        "shared/core/authorisation.py",
        "        return None if requirement.without_leader else NO_ON_BEHALF_OF\n",
        "        return None\n",
        (LEADERLESS,),
        ("R115.e",),
    ),
    Bug(
        "case without a leader goes on for ever",
        "shared/core/leaderless.py",
        "    if known.ends_on is None or at >= known.ends_on:\n        return None\n",
        "",
        (LEADERLESS,),
        ("R115.f",),
    ),
    Bug(
        "case closed although who leads is a party again",
        "shared/core/leaderless.py",
        "        return (LeaderBack(),) if known else ()\n",
        "        return None if known else ()\n",
        (LEADERLESS,),
        ("R115.f",),
    ),
    Bug(
        "end of a membership confirmed by who proposed it",
        "services/governance/process.py",
        "    return r.SECOND_PERSON_NEEDED if command.by.person == proposed.person else None\n",
        "    return None\n",
        (PROCESS,),
        ("R115.g",),
    ),
    Bug(
        "end of a membership confirmed too late",
        "services/governance/process.py",
        "    if context.now - proposed.at > context.policy.confirmation_within:\n",
        "    if False:\n",
        (PROCESS,),
        ("R115.g",),
    ),
    Bug(
        "house recorded as a party",
        "services/governance/process.py",
        "    if _is_the_house(signatory, context.house):\n",
        "    if False:\n",
        (DECISIONS,),
        ("R124.a",),
    ),
)

# --- decisions of the organs -----------------------------------------------------------------------

_DECISIONS = (
    Bug(
        "decision recorded with as many votes against as in favour",
        "services/governance/decisions.py",
        "    if votes is None or votes.in_favour <= votes.against:\n",
        "    if votes is None or votes.in_favour < votes.against:\n",
        (DECISIONS,),
        ("R118.d",),
    ),
    Bug(
        "work process changed without the manager",
        "services/governance/decisions.py",
        "    together = decision.with_manager or decision.subject.kind is not SubjectKind.WORK_PROCESS\n",
        "    together = True\n",
        (DECISIONS,),
        ("R121.a",),
    ),
    Bug(
        "manager needed for a matter of data protection",
        "services/governance/decisions.py",
        "    together = decision.with_manager or decision.subject.kind is not SubjectKind.WORK_PROCESS\n",
        "    together = decision.with_manager or decision.organ is not Organ.PREPARATORY_GROUP\n",
        (DECISIONS,),
        ("R121.b",),
    ),
    Bug(
        "data protection decided on by another organ",
        "services/governance/decisions.py",
        "    SubjectKind.DATA_PROTECTION: (PREPARATORY, ",
        "    SubjectKind.DATA_PROTECTION: (PREPARATORY | STEERING, ",
        (DECISIONS,),
        ("R121.b",),
    ),
    Bug(
        "policy in force on the day itself",
        "services/governance/decisions.py",
        "    in_time = start_of_day(decision.in_force_from) - now >= AHEAD\n",
        "    in_time = True\n",
        (DECISIONS,),
        ("R121.c",),
    ),
    Bug(
        "decision recorded anew under its number",
        "services/governance/process.py",
        "    c.RecordDecision: (frozenset({Phase.NOTHING}), ",
        "    c.RecordDecision: (frozenset({Phase.NOTHING, Phase.DECIDED}), ",
        (DECISIONS,),
        ("R121.c",),
    ),
    Bug(
        "decision replaced by one on another subject",
        "services/governance/decisions.py",
        "    if (other.organ, other.subject.kind) != (decision.organ, decision.subject.kind):\n",
        "    if False:\n",
        (DECISIONS,),
        ("R121.c",),
    ),
    Bug(
        "policy counted before its day",
        "shared/core/policy.py",
        "        begun = [one for one in self.decided if one.in_force_from <= day]\n",
        "        begun = list(self.decided)\n",
        (DECISIONS,),
        ("R121.d", "R121.f"),
    ),
    Bug(
        "file kept longer than twelve months by a decision",
        "shared/contract/messages/governance.py",
        "    destroy_after_months: Annotated[int, Field(ge=1, le=12)]",
        "    destroy_after_months: Annotated[int, Field(ge=1, le=24)]",
        (DECISIONS,),
        ("R121.e",),
    ),
    Bug(
        "decision on the smallest number not followed",
        "shared/core/policy.py",
        "            smallest_cell=said.smallest_cell or self.smallest_cell,\n",
        "",
        (DECISIONS,),
        ("R121.f",),
    ),
    Bug(
        "security policy fixed by another organ",
        "services/governance/decisions.py",
        "    SubjectKind.SECURITY_POLICY: (STEERING, ",
        "    SubjectKind.SECURITY_POLICY: (STEERING | {Organ.MANAGER}, ",
        (DECISIONS,),
        ("R127.a",),
    ),
    Bug(
        "security policy never overdue",
        "services/governance/decisions.py",
        "due_on=due_on, overdue=due_on <= today",
        "due_on=due_on, overdue=False",
        (DECISIONS,),
        ("R127.b",),
    ),
    Bug(
        "themes decided on by another organ",
        "services/governance/decisions.py",
        "    SubjectKind.THEMES: (STEERING, ",
        "    SubjectKind.THEMES: (STEERING | PREPARATORY, ",
        (DECISIONS,),
        ("R130.b",),
    ),
    Bug(
        "decision recorded on a contract",
        "services/governance/decisions.py",
        '    SECURITY_PLAN = "security-plan"\n',
        '    SECURITY_PLAN = "security-plan"\n    CONTRACT = "contract"\n',
        (f"{DECISIONS}::test_on_what_the_covenant_leaves_to_nobody_here_no_decision_is_recorded_r137",),
        ("R137.a",),
    ),
)

# --- authorisations --------------------------------------------------------------------------------

_AUTHORISATIONS = (
    Bug(
        "authorisation of a body that is not the party's",
        "services/governance/process.py",
        "    if grant.acting_body not in record.acting_bodies:\n",
        "    if False:\n",
        (PROCESS,),
        ("R122.a",),
    ),
    Bug(
        "authorisation without a period",
        "services/governance/process.py",
        "    if ends is not None and ends <= max(begins, context.now):\n",
        "    if False:\n",
        (PROCESS,),
        ("R122.a",),
    ),
    Bug(
        "authorisation granted by another party",
        "services/governance/process.py",
        "    if isinstance(command, c.PartyCommand) and command.by.party != command.party:\n",
        "    if False:\n",
        (PROCESS,),
        ("R122.a",),
    ),
    Bug(
        "authorisation that was revoked goes on",
        "shared/contract/parties.py",
        "            and (self.revoked_at is None or at < self.revoked_at)\n",
        "",
        (LEAVING, PROCESS),
        ("R122.b", "R122.f"),
    ),
    Bug(
        "authorisation for one act covers every act",
        "shared/contract/parties.py",
        "            scope in self.scopes\n            and self.accepted_at",
        "            self.accepted_at",
        (PROCESS, TRIAGE_PROCESS),
        ("R122.c",),
    ),
    Bug(
        "authorisation of one body covers another",
        "shared/contract/parties.py",
        "            and acting_body in (None, self.acting_body)\n",
        "",
        (PROCESS, MANDATES),
        ("R122.d",),
    ),
    Bug(
        "direction moves to who authorised no monitoring",
        "services/rto/direction.py",
        "NEXT = ((Scope.MONITORING, r.MONITORING_NOT_AUTHORISED), ",
        "NEXT = (",
        (RTO_PROCESS,),
        ("R122.e",),
    ),
    Bug(
        "parties read on although the mandate is taken back",
        "shared/core/viewing.py",
        "    return NOT_IN_ITS_NAME if shown_of_others else verdict\n",
        "    return verdict\n",
        (MANDATES,),
        ("R122.f",),
    ),
    Bug(
        "authorisation counts before it is accepted",
        "shared/contract/parties.py",
        "            and self.accepted_at is not None\n"
        "            and max(self.valid_from, self.accepted_at) <= at\n",
        "            and self.valid_from <= at\n",
        (PROCESS,),
        ("R123.a",),
    ),
    Bug(
        "authorisation accepted without a processor agreement",
        "services/governance/process.py",
        "    if not command.processor_agreement:\n",
        "    if False:\n",
        (PROCESS,),
        ("R123.b",),
    ),
    Bug(
        "controllership handed over by an authorisation",
        "shared/contract/parties.py",
        '    PHASE_4 = "phase-4"\n',
        '    PHASE_4 = "phase-4"\n    CONTROLLERSHIP = "controllership"\n',
        (PROCESS,),
        ("R123.c",),
    ),
)

# --- secrecy, security and the log -------------------------------------------------------------------

_LOG = (
    Bug(
        "people look and act without having acknowledged secrecy",
        "shared/http/app.py",
        "async def looking(identity: Annotated[Identity, Depends(sworn)]",
        "async def looking(identity: Annotated[Identity, Depends(somebody)]",
        ("tests/architecture/test_edge.py",),
        ("R126.a",),
    ),
    Bug(
        "message of a party taken whoever signed it",
        "shared/crypto/jose.py",
        "    payload = verify(signed, signed_by)\n",
        "    payload = jws.extract_compact(signed).payload\n",
        ("tests/unit/shared/test_jose.py",),
        ("R127.c",),
    ),
    Bug(
        "log without the basis and the body of an item",
        "shared/core/viewing.py",
        "(thing.basis, thing.acting_body) if isinstance(thing, Item) else (None, None)\n",
        "(None, None)\n",
        (PROVENANCE,),
        ("R129.a",),
    ),
    Bug(
        "log without the basis of what is no item",
        "shared/core/viewing.py",
        '    basis = mandate.basis if mandate is not None and leads else ""\n',
        '    basis = ""\n',
        (PROVENANCE,),
        ("R129.b",),
    ),
    Bug(
        "log of a disclosure without who gave it",
        "shared/core/disclosure.py",
        "    return (*besides, *of_items(items, ",
        "    return (*besides, *of_items(items[:0], ",
        (DISCLOSURE,),
        ("R129.c",),
    ),
    Bug(
        "log read by others than the privacy officer",
        "shared/core/viewing.py",
        "    if viewer.role is not Role.PRIVACY_OFFICER:\n",
        "    if False:\n",
        (PROVENANCE,),
        ("R129.d",),
    ),
    Bug(
        "line of the log that was left out not found",
        "shared/storage/log_chain.py",
        "    return hashlib.sha256(head + number",
        "    return hashlib.sha256(number",
        (LOG_SEALS,),
        ("R129.e",),
    ),
)

BUGS: tuple[Bug, ...] = _MEMBERSHIP + _DECISIONS + _AUTHORISATIONS + _LOG

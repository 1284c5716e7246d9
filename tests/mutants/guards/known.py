"""Planted bugs that take away a guard of the known-check, here and at another house (R13, R38 to R41)."""

from tests.mutants.bug import Bug

KNOWN = "tests/unit/intake/test_known.py"
HOUSES = "tests/unit/intake/test_house_checks.py"
IDENTITY = "tests/unit/intake/test_identity.py"

BUGS: tuple[Bug, ...] = (
    Bug(
        "known-check without its necessity",
        "services/intake/known.py",
        "    if command.necessity is None or command.reason is None:\n"
        "        return r.CHECK_WITHOUT_NECESSITY\n",
        "",
        (KNOWN,),
        ("R13.a", "R38.a"),
    ),
    Bug(
        "another house asked in phase 1",
        "services/intake/known.py",
        "    if state.phase in PROVISIONAL or command.necessity is CheckNecessity.DUPLICATE:\n",
        "    if command.necessity is CheckNecessity.DUPLICATE:\n",
        (KNOWN,),
        ("R13.b",),
    ),
    Bug(
        "provisional, closing or archived case found by a known-check",
        "services/intake/known.py",
        "    return state.phase in ACTIVE and not has_begun(TermKind.ARCHIVE, state, at)\n",
        "    return True\n",
        (KNOWN, HOUSES),
        ("R13.c", "R38.b"),
    ),
    Bug(
        "case found until a timer has archived it",
        "services/intake/known.py",
        "    return state.phase in ACTIVE and not has_begun(TermKind.ARCHIVE, state, at)\n",
        "    return state.phase in ACTIVE\n",
        (KNOWN,),
        ("R13.c",),
    ),
    Bug(
        "leading party in the answer to a known-check",
        "services/intake/known.py",
        "        told = replace(check, answer=KnownAnswer.YES, director=found[0][1].director)\n",
        "        leads = found[0][1].leading_party\n"
        "        told = replace(check, answer=KnownAnswer.YES, director=leads)\n",
        (KNOWN,),
        ("R13.d", "R38.c"),
    ),
    Bug(
        "known-check read by whoever reads the case",
        "services/intake/viewing.py",
        "    if viewer.role is not Role.PROCESS_DIRECTOR:\n        return NOBODY_ELSE\n    return _house(",
        "    if viewer.role is Role.PARTY_WORKER:\n"
        "        return _party(viewer, None, state, context)\n"
        "    return _house(",
        (KNOWN,),
        ("R13.d",),
    ),
    Bug(
        "incomplete date of birth found by the year",
        "services/intake/person_digests.py",
        "    if told in _NO_NAME or day is None:\n        return UNFINDABLE\n",
        "    if told in _NO_NAME or day is None:\n"
        '        return keyed_hash(key, "person", told, born).hex()\n',
        (IDENTITY,),
        ("R13.e",),
    ),
    Bug(
        "surname behind a comma counted as another name",
        "services/intake/person_digests.py",
        '    return " ".join([*first, *behind, *alone, *moved, *own])\n',
        '    return " ".join([*own, *moved, *first, *behind, *alone])\n',
        (IDENTITY,),
        ("R13.e",),
    ),
    Bug(
        "relative in a case counted as in treatment",
        "services/intake/known.py",
        "any(one.subject and one.digest == digest != UNFINDABLE for one in state.identities)",
        "any(one.digest == digest != UNFINDABLE for one in state.identities)",
        (KNOWN,),
        ("R13.f",),
    ),
    Bug(
        "known-check on behalf of a party that does not lead",
        "services/intake/known.py",
        "    if command.by.on_behalf_of != state.leading_party:\n"
        "        return NOT_ON_BEHALF_OF_THE_LEADING_PARTY\n"
        "    if command.necessity is None",
        "    if command.necessity is None",
        (KNOWN,),
        ("R13.g",),
    ),
    Bug(
        "known-check logged without its necessity",
        "services/intake/known_effects.py",
        "    yield LogLook(viewer, label, Allowed(event.rule, event.on_behalf_of), why)\n",
        "    yield LogLook(viewer, label, Allowed(event.rule, event.on_behalf_of))\n",
        (KNOWN,),
        ("R13.g",),
    ),
    Bug(
        "another house asked on nobody's behalf",
        "services/intake/known_effects.py",
        "        on_behalf_of=mandate.party,\n",
        "",
        (KNOWN,),
        ("R39.a",),
    ),
    Bug(
        "check of another house that names no party",
        "services/intake/house_checks.py",
        "    if not check.on_behalf_of:\n        return r.CHECK_NAMES_NO_PARTY\n",
        "",
        (HOUSES,),
        ("R39.a",),
    ),
    Bug(
        "another house answered without the leading party",
        "services/intake/house_checks.py",
        "    return check.agreed is True and "
        "(check.found, check.asked_of) == (case_id, case.leading_party)\n",
        "    return case_id is not None and case is not None\n",
        (HOUSES,),
        ("R39.b",),
    ),
    Bug(
        "refusal of the leading party told as a no",
        "services/intake/house_checks.py",
        "    surely_nobody = check.digest != UNFINDABLE and hit is None and context.matches.complete\n"
        "    answer = KnownAnswer.NO if surely_nobody and check.decision is KnownAnswer.NO else "
        "KnownAnswer.NO_ANSWER\n",
        "    surely_nobody = check.digest != UNFINDABLE and hit is None and context.matches.complete\n"
        "    answer = KnownAnswer.NO if surely_nobody or check.agreed is False else KnownAnswer.NO_ANSWER\n",
        (HOUSES,),
        ("R39.c",),
    ),
    Bug(
        "check of another house answered sooner where nobody is found",
        "services/intake/house_checks.py",
        "    until = context.now + context.policy.known_check_term\n",
        "    until = context.now + context.policy.known_check_term * (1 if found else 0)\n",
        (HOUSES,),
        ("R39.d",),
    ),
    Bug(
        "any letter sent to another house",
        "shared/core/leaving.py",
        "    if standing not in (Standing.HOUSE, Standing.ANSWERED):\n        return False\n",
        "",
        (KNOWN,),
        ("R40.a",),
    ),
    Bug(
        "exchange weighed without the participants",
        "services/intake/known.py",
        "    if not command.other_involved_its_own or not set(command.involved) >= "
        "_participants(state, context):\n        return r.PARTICIPANTS_NOT_INVOLVED\n",
        "",
        (KNOWN,),
        ("R40.b",),
    ),
    Bug(
        "municipality in two houses without the separate covenant",
        "services/intake/known.py",
        "any(one is None or one > at for one in since)",
        "any(one is not None and one > at for one in since)",
        (KNOWN, HOUSES),
        ("R41.a",),
    ),
    Bug(
        "separate covenant of one municipality counted for another",
        "services/intake/known.py",
        "    since = [one.covenant_since for one in shared if one.party == party]\n"
        "    return r.SEPARATE_COVENANT_MISSING if any(one is None or one > at for one in since) else None\n",
        "    since = [one.covenant_since for one in shared]\n"
        "    return r.SEPARATE_COVENANT_MISSING if since and all(one is None or one > at for one in since)"
        " else None\n",
        (KNOWN,),
        ("R41.b",),
    ),
)

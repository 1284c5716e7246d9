"""One function judges in every service whether consent lifts secrecy (R20, R76)."""

from typing import Any

import pytest

from shared.contract.messages.rto import ConsentPurpose, RestsOn
from shared.core.consent import Consent, Need, followed, holds, kept_again, of_item
from tests.support.samples import rto as s

NEED = Need(s.POLICE, ConsentPurpose.PLAN_ACTIVITY, s.CARE)
GIVEN = Consent(s.CONSENT, s.MAN, *NEED)
WITHDRAWN = Consent(s.CONSENT, s.MAN, *NEED, withdrawn=True)
MOTHERS = Consent(s.MOTHERS, s.MOTHER, *NEED)
OF_MAN = RestsOn(persons=(s.MAN,))
OF_BOTH = RestsOn(persons=(s.MAN, s.MOTHER))


@pytest.mark.parametrize(
    ("rests_on", "consents", "lifted"),
    [
        (None, (), True),
        (OF_MAN, (), False),
        (OF_MAN, (GIVEN,), True),
        (OF_MAN, (WITHDRAWN,), False),
        (OF_MAN, (MOTHERS,), False),
        (OF_BOTH, (GIVEN,), False),
        (OF_BOTH, (GIVEN, MOTHERS), True),
        (RestsOn(persons=()), (GIVEN,), False),
        (RestsOn(persons=(s.MAN,), consents=(s.CONSENT,)), (GIVEN,), True),
        (RestsOn(persons=(s.MAN,), consents=(s.MOTHERS,)), (GIVEN,), False),
        (RestsOn(persons=(s.MAN,), own_word=True), (), True),
        (RestsOn(persons=(s.MAN,), own_word=True), (WITHDRAWN,), False),
        (RestsOn(persons=(s.MOTHER,), own_word=True), (WITHDRAWN,), True),
    ],
)
def test_everybody_concerned_consents_or_secrecy_stays_r20(
    rests_on: Any, consents: tuple[Consent, ...], lifted: bool
) -> None:
    assert holds(rests_on, NEED, consents) is lifted


@pytest.mark.parametrize(
    "other",
    [
        NEED._replace(contributor=s.HOUSING),
        NEED._replace(purpose=ConsentPurpose.RTO, recipient=None),
        NEED._replace(recipient=s.HOUSING),
    ],
)
def test_a_consent_is_for_one_party_one_purpose_and_one_recipient_r65(other: Need) -> None:
    assert holds(OF_MAN, NEED, (GIVEN,))
    assert not holds(OF_MAN, other, (GIVEN,))


def test_what_was_withdrawn_stays_so_whatever_is_heard_later_r20() -> None:
    assert followed((GIVEN, MOTHERS), WITHDRAWN) == (MOTHERS, WITHDRAWN)
    assert followed((WITHDRAWN,), GIVEN) == (WITHDRAWN,)
    assert followed((), GIVEN) == (GIVEN,)


def test_an_item_that_names_nobody_is_about_everybody_of_the_case() -> None:
    everybody = (s.MAN, s.MOTHER)
    assert of_item(s.item(s.NEW), everybody) is None
    assert of_item(s.item(s.NEW, needs_consent=True), everybody) == OF_MAN
    assert of_item(s.item(s.NEW, needs_consent=True, persons=()), everybody) == OF_BOTH
    for_query = Consent(s.CONSENT, s.MAN, s.POLICE, ConsentPurpose.QUERY)
    assert kept_again(s.item(s.NEW, needs_consent=True), everybody, (for_query,)) is None
    assert kept_again(s.item(s.NEW, needs_consent=True), everybody, (GIVEN,)) is not None

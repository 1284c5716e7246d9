"""The page that a soak leaves can be made at any moment of it, and names what went on."""

from tests.system.faults.page import Sample, page


def samples(seconds: int) -> list[Sample]:
    return [
        Sample(float(at), at, at % 7, None if at == 4 else at % 5, at // 60) for at in range(0, seconds, 2)
    ]


def test_what_went_on_is_named_where_there_is_room() -> None:
    parts = [(0.0, "random kills"), (290.0, "too narrow for this name")]
    shown = page("Well.", samples(300), parts, [(7, [("kafka", "rto")])], messages=1234, kills=4)
    assert ("random kills</text>" in shown, "too narrow" in shown) == (True, False)
    assert "7: kafka + rto" in shown
    assert [f">{minute} min" in shown for minute in (0, 4, 5)] == [True, True, False]


def test_one_that_failed_before_anything_was_counted_has_a_page_too() -> None:
    assert "Failed." in page("Failed.", [], [], [], messages=0, kills=0)
    assert "Failed." in page("Failed.", [], [(0.1, "random kills")], [(1, [])], messages=0, kills=0)

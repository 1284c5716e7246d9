"""Word every "no" of sixth, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

ALREADY_SUBMITTED = Refusal(
    "AlreadySubmitted",
    "R127",
    "art. 15.3; B4",
    "Something was submitted under this number before: give another submission a number of its own.",
    Remedy.STOP,
)

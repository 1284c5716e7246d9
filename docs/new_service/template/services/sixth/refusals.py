"""Word every "no" of sixth, with its rule and article."""

from shared.contract.refusal import Remedy, refusals_of

define = refusals_of("sixth")

ALREADY_SUBMITTED = define("AlreadySubmitted", "R127", "art. 15.3; B4", Remedy.STOP)

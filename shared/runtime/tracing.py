"""Trace each delivery in one span, and pass its context on in the messages that follow.

Imported only where an OTLP endpoint is set; without one no transaction passes here. A span has service,
command, status and rule, and never which case, which message or whom it was about: nothing erases it there.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.clock import machine_now
from shared.contract.refusal import Refusal
from shared.core.outcome import DeliveryStatus, Outcome
from shared.handling.delivery import Delivery, FromClock, FromParty, FromPerson, FromService

ENDS_WITHIN = 1.0  # seconds; what could not be sent by then is lost
ANSWERS_WITHIN = 2.0
UNDECIDED = (DeliveryStatus.WAITING, DeliveryStatus.HELD)  # their span is that of the delivery that decides

_context = TraceContextTextMapPropagator()


class Tracing:
    """Export the spans of one service in batches, by a thread; an absent receiver costs these spans."""

    def __init__(self, service: str, house: str, endpoint: str, ca_file: str | None = None) -> None:
        resource = Resource.create({"service.name": f"zvh-{service}", "service.namespace": house})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint, certificate_file=ca_file, timeout=ANSWERS_WITHIN)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("zvh")

    async def traced(
        self,
        deliveries: Sequence[Delivery],
        run: Callable[[Sequence[Delivery]], Awaitable[list[Outcome]]],
    ) -> list[Outcome]:
        """Run the deliveries, each with the context of its own span."""
        spans = [self._begin(delivery) for delivery in deliveries]
        try:
            outcomes = await run([_carrying(*one) for one in zip(deliveries, spans, strict=True)])
        except Exception as error:
            for span in spans:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                span.end()
            raise
        for span, outcome in zip(spans, outcomes, strict=True):
            _end(span, outcome)
        return outcomes

    async def close(self) -> None:
        """Export what is left, for at most `ENDS_WITHIN` seconds."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, ENDS_WITHIN)

    def _begin(self, delivery: Delivery) -> Span:
        carried = {"traceparent": delivery.traceparent} if delivery.traceparent else {}
        waited = (machine_now() - delivery.entry.received_at).total_seconds()
        return self._tracer.start_span(
            _name(delivery),
            context=_context.extract(carried),
            kind=_kind(delivery),
            attributes={"zvh.role": delivery.by.role.value, "zvh.waited_seconds": max(0.0, waited)},
        )


def _name(delivery: Delivery) -> str:
    """Name the span after the command that was asked."""
    asked = delivery.asks or type(delivery.command)
    return "Refused" if issubclass(asked, Refusal) else asked.__name__


def _kind(delivery: Delivery) -> SpanKind:
    match delivery.origin:
        case FromParty() | FromService():
            return SpanKind.CONSUMER
        case FromPerson():
            return SpanKind.SERVER
        case FromClock():
            return SpanKind.INTERNAL


def _carrying(delivery: Delivery, span: Span) -> Delivery:
    carrier: dict[str, str] = {}
    _context.inject(carrier, set_span_in_context(span))
    return delivery._replace(traceparent=carrier["traceparent"])


def _end(span: Span, outcome: Outcome) -> None:
    if outcome.status in UNDECIDED:
        return  # a span that does not end is not sent
    span.set_attribute("zvh.status", outcome.status.value)
    if outcome.refusal is not None:
        span.set_attribute("zvh.refusal", outcome.refusal.name)
        span.set_attribute("zvh.rule", outcome.refusal.rule)
    if outcome.status is DeliveryStatus.QUARANTINED:
        span.set_status(StatusCode.ERROR, DeliveryStatus.QUARANTINED.value)
    span.end()

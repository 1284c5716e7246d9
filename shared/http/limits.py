"""Define how much of one service a stranger, a person, a party and an address may take over HTTPS."""

import ipaddress
from dataclasses import dataclass

BURST = 5  # seconds of a rate that may be spent at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hold the limits of one service; rates are per second, and five seconds of one may be spent at once.

    Of one person at most a second's worth of requests is under way at once.

    `trusted_proxies`: addresses whose connections are not counted by address, and whose X-Forwarded-For says
    from which address a request comes.
    """

    connections: int = 1000
    connections_per_address: int = 200
    new_connections_per_address: int = 20
    requests_per_stranger: int = 20
    requests_per_person: int = 10
    requests_per_party: int = 50
    trusted_proxies: tuple[str, ...] = ()


def network_of(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the 64 bits that one IPv6 subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))

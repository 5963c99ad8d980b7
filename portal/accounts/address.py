"""From which address a request comes, as far as the brake on guessing needs to know it."""

from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
HOME_NETWORK = 64  # bits of an IPv6 address that one customer is given; the rest they choose themselves


def sender(request: HttpRequest) -> str:
    """The IPv4 address, or the /64 network of the IPv6 address; UNKNOWN where there is none (a local socket).

    Behind a proxy (BEHIND_PROXY=1) it is the last entry of X-Forwarded-For, which that proxy wrote. Every other entry,
    and without a proxy the whole header, is the sender's own claim and is not read.
    """
    claims = [request.META.get("REMOTE_ADDR", "")]
    if settings.BEHIND_PROXY:
        claims.insert(0, request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip())
    for claim in claims:
        with suppress(ValueError):
            address = ip_address(claim)
            if not isinstance(address, IPv6Address):
                return str(address)
            mapped = address.ipv4_mapped
            return str(mapped or IPv6Network((int(address), HOME_NETWORK), strict=False))
    return UNKNOWN

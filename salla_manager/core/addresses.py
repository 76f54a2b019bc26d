"""Which URLs and addresses the hub may send to."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REFUSED_PORTS = frozenset({3306, 5432, 6379, 9200, 11211, 27017})


class TransportError(Exception):
    """A request without a usable answer.

    kind: `refused`, `dns`, `tls`, `blocked` (nothing was sent), `timeout`, `reset`, `too_large` (unknown whether
    the other side has worked).
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def check_url(url: str, allow_private: bool) -> SplitResult:
    """Raises TransportError `blocked`."""
    try:
        target = urlsplit(url)
        host, port = target.hostname, target.port
    except ValueError as error:
        raise TransportError("blocked", f"'{url}' is no URL: {error}. Correct the URL.") from None
    allowed = ("https", "http") if allow_private else ("https",)
    if target.scheme not in allowed or not host:
        raise TransportError("blocked", f"'{url}' is not an https URL. Correct the URL.")
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise TransportError("blocked", "The URL holds blanks. Take them out.")
    if target.username is not None or target.password is not None:
        raise TransportError("blocked", "The URL holds a user name. Take it out.")
    if port is not None and not allow_private and (port in _REFUSED_PORTS or (port < 1024 and port != 443)):
        raise TransportError("blocked", f"Port {port} is not one of a web server. Correct the URL.")
    return target


def _meant(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one leads to: mapped, by 6to4, Teredo or NAT64; else itself."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def check_address(address: str, allow_private: bool) -> None:
    """Refuses whatever is not a public address. Raises TransportError `blocked`."""
    ip = ipaddress.ip_address(address.split("%")[0])
    ip = _meant(ip)
    # No ERP lives there, but the services that hand a cloud machine its credentials do.
    if ip.is_link_local or ip in _METADATA or ip.is_multicast or ip.is_unspecified:
        raise TransportError(
            "blocked", f"The host resolves to {ip}, where no ERP and no shop can be. Correct the URL."
        )
    if not allow_private and not ip.is_global:
        raise TransportError(
            "blocked",
            f"The host resolves to {ip}, which is not a public address. If that is meant, allow"
            " private addresses in Salla Manager Settings.",
        )

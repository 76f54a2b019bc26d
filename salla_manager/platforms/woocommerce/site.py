"""The address of a WordPress site: how it is written, what it is known by, and whether a secret may go there."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from salla_manager.platforms.port import ShopError

# What people copy along with the address, out of the browser or the settings of the API.
_TAIL = re.compile(r"/+(?:wp-json|wp-admin|wp-login\.php|index\.php|shop/?$|my-account)(?:/.*)?$")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".test")


def site_url(url: str) -> str:
    """`https://shop.example.com/path` without a slash at its end; what is not the site's own address is taken off."""
    given = url.strip()
    if given and "://" not in given:
        given = f"https://{given}"
    try:
        parts = urlsplit(given)
        host, port = (parts.hostname or "").lower(), f":{parts.port}" if parts.port else ""
    except ValueError:
        return given
    path = _TAIL.sub("", parts.path)
    if "@" in parts.netloc or (parts.query and path == parts.path):
        # No address that people copy has these by itself; whoever checks it refuses it.
        return given
    path = path.rstrip("/")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme.lower()}://{host}{port}{path}" if host else given


def merchant_id(url: str) -> str:
    """What a store is known by: its address without the scheme, which a proxy may hide. Webhooks name it so too."""
    return site_url(url).partition("://")[2].rpartition("@")[2]


def check_secure(url: str, allow_private: bool) -> None:
    """The key goes with each call, so only https carries it, and plain http where nobody listens in between.

    Raises ShopError.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (
        parts.scheme == "http" and allow_private and is_local(parts.hostname or "")
    ):
        return
    step = "Enter the store's address with https:// and try again."
    raise ShopError(
        "refused", f"'{url}' is no https address, and the key is not sent over any other.", step=step
    )


def is_local(host: str) -> bool:
    """This machine or its network, as far as the name itself tells."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_ENDINGS)

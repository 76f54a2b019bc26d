"""What an answer of a WordPress site means where it is not what was asked for, and what the operator does about it.

ref: class-wc-rest-authentication.php and class-wp-rest-server.php of WooCommerce and WordPress
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from salla_manager.core.addresses import TransportError
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.values import mapping, text

AGAIN = "Then press Test Connection."
# Causes, for who wants to look closer.
NOBODY, SECRET, PERMISSION, CAPABILITY, NAMESPACE, NO_ROUTE, GONE = (
    "nobody", "secret", "permission", "capability", "namespace", "no_route", "gone",
)  # fmt: skip
PARAMETER, FIREWALL, PAGE, NOTICE, PASSWORD, REDIRECT, SERVER, TIMEOUT, TOO_LARGE, TLS, NETWORK = (
    "parameter", "firewall", "page", "notice", "password", "redirect", "server", "timeout", "too_large", "tls",
    "network",
)  # fmt: skip
# A smaller page may mend it.
OF_SIZE = (SERVER, TIMEOUT, TOO_LARGE)
_KEYS = re.compile(r"(consumer_(?:key|secret))=[^&'\s]*")
_PHP_WORDS = re.compile(
    rb"\s*(?:<br ?/?>\s*)?(?:<b>)?(?:PHP )?(?:Warning|Notice|Deprecated|Fatal error|Parse error)"
)

_STEPS = {
    NOBODY: (
        "Nobody was logged in. Either the consumer key is unknown there, or the web server drops the header"
        " Authorization, or a proxy hides https from WordPress. Press Test Connection: it tells which."
    ),
    SECRET: f"The consumer key is right, its secret is not. Enter the secret of that key. {AGAIN}",
    PERMISSION: f"Set the permission of the key to Read in WooCommerce > Settings > Advanced > REST API. {AGAIN}",
    CAPABILITY: f"Give the key to a user who is shop manager or administrator. {AGAIN}",
    NAMESPACE: f"Only addresses below wc/ take the key. Correct the store's address. {AGAIN}",
    NO_ROUTE: f"Activate WooCommerce in that shop, or bring it up to date. {AGAIN}",
    PARAMETER: "The shop's WooCommerce does not take this request. Bring it up to date.",
    FIREWALL: (
        "A firewall or security plugin answered in the shop's place. Have this server's address let through to"
        f" /wp-json/wc/. {AGAIN}"
    ),
    PAGE: (
        "A web page came instead of data: maintenance mode, a challenge or a cache. Switch it off for"
        f" /wp-json/. {AGAIN}"
    ),
    NOTICE: f"The shop prints warnings of PHP before its data. Set WP_DEBUG_DISPLAY to false there. {AGAIN}",
    PASSWORD: f"The web server itself asks for a password before WordPress. Take that off for /wp-json/. {AGAIN}",
    SERVER: "Look at the shop's PHP error log if it stays.",
    TIMEOUT: "The shop's server is slow or stands still.",
    TLS: f"Have the certificate of the shop's web server renewed or completed. {AGAIN}",
}  # fmt: skip


class WooError(ShopError):
    """cause: one of this module's words."""

    def __init__(self, kind: str, message: str, cause: str, *, http_status: int = 0, step: str = ""):
        super().__init__(kind, message, http_status=http_status, step=step or _STEPS.get(cause, ""))
        self.cause = cause

    @property
    def may_be_of_size(self) -> bool:
        """Fewer rows at once may come through."""
        return self.cause in OF_SIZE


def of_transport(call: str, error: TransportError) -> WooError:
    # It may name the URL, which holds the key where the header does not come through.
    said = f"{call}: " + _KEYS.sub(r"\1=***", str(error))
    if error.kind == "blocked":
        return WooError("refused", said, NETWORK)
    if error.kind == "too_large":
        return WooError("unreadable", said, TOO_LARGE)
    cause = {"tls": TLS, "timeout": TIMEOUT, "reset": TIMEOUT}.get(error.kind, NETWORK)
    return WooError("offline", said, cause)


def of_envelope(call: str, status: int, body: Mapping[str, Any]) -> WooError:
    """Of WordPress' error object {code, message, data}."""
    code, told = text(body.get("code")) or "", (text(body.get("message")) or "")[:300]
    params = mapping(mapping(body.get("data")).get("params"))
    named = "; ".join(f"{name}: {text(words) or ''}" for name, words in params.items())[:300]
    kind, cause = _meaning(status, code, told)
    said = f"{call}: {status} {code} {told} {named}".rstrip()
    return WooError(kind, said, cause, http_status=status)


def _meaning(status: int, code: str, told: str) -> tuple[str, str]:
    """(kind, cause)"""
    if status >= 500:
        return "offline", SERVER
    if code == "rest_no_route":
        return "refused", NO_ROUTE
    if status in (404, 410) and ("invalid" in code or "not_found" in code):
        return "refused", GONE
    if code == "woocommerce_rest_authentication_error":
        return _key_refused(told)
    if status in (401, 403) and code and not code.startswith("woocommerce_"):
        # WooCommerce has its own words for it; these are a plugin's that guards the API.
        return "forbidden", FIREWALL
    if status == 401:
        return "unauthorized", NOBODY
    if status == 403:
        return "forbidden", CAPABILITY
    return "refused", PARAMETER


def _key_refused(told: str) -> tuple[str, str]:
    if "permissions" in told:
        return "forbidden", PERMISSION
    if "cannot be used" in told:
        return "refused", NAMESPACE
    return "unauthorized", SECRET if "secret" in told.lower() else NOBODY


def of_other_content(call: str, status: int, headers: Mapping[str, str], content: bytes) -> WooError:
    """Of an answer that is no JSON."""
    if 300 <= status < 400:
        return _redirected(call, status, headers)
    if status < 300 and _PHP_WORDS.match(content):
        return WooError(
            "unreadable", f"{call}: warnings of PHP stand before the data.", NOTICE, http_status=status
        )
    if status == 401 and "basic" in headers.get("www-authenticate", "").lower():
        return WooError(
            "unauthorized", f"{call}: the web server wants a password.", PASSWORD, http_status=status
        )
    what = "a web page" if b"<" in content[:200] else "no JSON"
    said = f"{call}: {status} with {what} instead of data."
    if status in (401, 403, 406, 501) or (status in (200, 503) and _is_challenge(headers, content)):
        # Such a guard may let through what it held up a minute ago.
        return WooError("unreadable" if status != 503 else "offline", said, FIREWALL, http_status=status)
    if status == 404:
        return WooError("refused", said, NO_ROUTE, http_status=status, step=_NOT_WORDPRESS)
    if status >= 500:
        return WooError("offline", said, SERVER, http_status=status)
    return WooError("unreadable", said, PAGE, http_status=status)


_NOT_WORDPRESS = f"Correct the store's address: it has to be the start page of the WordPress site. {AGAIN}"
_CHALLENGE_WORDS = (
    b"just a moment",
    b"checking your browser",
    b"cf-chl",
    b"mod_security",
    b"access denied",
    b"captcha",
)


def _is_challenge(headers: Mapping[str, str], content: bytes) -> bool:
    shown = content[:4000].lower()
    return "cf-mitigated" in headers or any(words in shown for words in _CHALLENGE_WORDS)


def _redirected(call: str, status: int, headers: Mapping[str, str]) -> WooError:
    target = headers.get("location", "").split("?")[0][:200]
    step = f"Enter the address it sends to, if that is the shop's. {AGAIN}"
    return WooError(
        "refused", f"{call}: {status}, the shop sends elsewhere: {target or 'nowhere'}.", REDIRECT,
        http_status=status, step=step,
    )  # fmt: skip

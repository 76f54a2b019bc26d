"""Who asks: keys by Basic or by query parameters, and each way to be refused."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from werkzeug.wrappers import Request

from sandbox.woocommerce.query import ApiError

_REFUSED = "woocommerce_rest_authentication_error"


@dataclass
class ApiKey:
    """permissions: read, write or read_write. may_view: its user may see products and orders; is_manager: and what
    needs manage_woocommerce."""

    consumer_key: str = "ck_5a17d4be1cf0e3a92b7c86d0f4e8a1b359d7c602"
    consumer_secret: str = field(default="cs_9be2c07f61d84a35e0b1f7428c6d93a5e4071f8b", repr=False)
    permissions: str = "read"
    may_view: bool = True
    is_manager: bool = True


def authenticate(request: Request, keys: list[ApiKey], is_tls: bool, header: str | None) -> ApiKey | None:
    """None where nobody is known. header: Authorization as it came through. Raises ApiError for a known key."""
    # Without TLS only OAuth 1.0a counts, which nobody here speaks.
    if not is_tls:
        return None
    name, secret = _given(request, header)
    key = next((key for key in keys if key.consumer_key == name), None)
    if key is None:
        return None
    if key.consumer_secret != secret:
        raise ApiError(401, _REFUSED, "Consumer secret is invalid.")
    needs = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
    if needs not in key.permissions.split("_"):
        raise ApiError(401, _REFUSED, f"The API key provided does not have {needs} permissions.")
    return key


def _given(request: Request, header: str | None) -> tuple[str, str]:
    """Query parameters go before the header."""
    if request.args.get("consumer_key") and request.args.get("consumer_secret"):
        return request.args["consumer_key"], request.args["consumer_secret"]
    kind, _, value = (header or "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def check_may(key: ApiKey | None, is_managers: bool, is_list: bool) -> None:
    """Raises ApiError: 401 where nobody is known, 403 where the key's user may not."""
    if key is not None and key.may_view and (key.is_manager or not is_managers):
        return
    what = "list resources" if is_list else "view this resource"
    raise ApiError(403 if key else 401, "woocommerce_rest_cannot_view", f"Sorry, you cannot {what}.")

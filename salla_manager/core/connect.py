"""Access that a person asked for from the hub: the code of a consent becomes tokens, and those name the shop."""

from __future__ import annotations

from typing import Any, Protocol

from salla_manager.core import installation
from salla_manager.core.host import Host
from salla_manager.core.model import Store
from salla_manager.platforms.port import ShopError


class ConnectError(ValueError):
    """The shop is not connected; the message says why and what to do."""


class Accounts(Protocol):
    """The platform's service that gives tokens. All methods raise ShopError."""

    def redeem(self, code: str, redirect_url: str) -> dict[str, Any]: ...

    def merchant(self, access_token: str) -> Any:
        """With id and name."""


def connect(
    host: Host, platform: str, accounts: Accounts, code: str, redirect_url: str, wanted: str = ""
) -> Store:
    """The Store Account of whoever gave the consent, with its tokens. Raises ConnectError.

    wanted: the Store Account that it was asked for; the consent of another shop is not taken for it then.
    """
    standstill = host.store.settings().standstill
    if standstill:
        raise ConnectError(standstill)
    try:
        tokens = accounts.redeem(code, redirect_url)
        merchant = accounts.merchant(tokens["access_token"])
    except ShopError as error:
        raise ConnectError(f"{error} Begin again at Connect to Salla.") from error
    with host.store.transaction():
        known = host.store.store(wanted) if wanted else None
        if known and known.merchant_id != merchant.id:
            raise ConnectError(
                f"The consent came from the shop {merchant.name or merchant.id} ({merchant.id}), while {known.name} is"
                f" the shop {known.merchant_id}. Log in to that shop at Salla, then begin again."
            )
        at = host.clock.now()
        store, problem = installation.keep_access(host, platform, merchant.id, tokens, at, merchant.name)
        if store is None:
            raise ConnectError(problem)
    host.jobs.process_events()
    return store

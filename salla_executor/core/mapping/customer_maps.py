"""Customer Group and Territory of a new Customer by the maps of the settings.

Nothing of the money depends on them, so what is not mapped gets the default and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from salla_executor.core.mapping.order_maps import is_used, look_up
from salla_executor.core.model import SETTINGS_PAGE, Settings
from salla_executor.payloads import Address, CustomerPayload


def group_of(payload: CustomerPayload, settings: Settings, store: str) -> tuple[str, str]:
    """The group, and a note for people where the shop's one is not mapped."""
    default = (payload.tax_id and settings.company_group) or settings.customer_group
    said = payload.group_id
    if not said or not is_used(settings.customer_groups, store):
        return default, ""
    found = look_up(settings.customer_groups, store, [said])
    return found or default, "" if found else _note(f"group {said} of the shop", "Customer Groups", default)


def territory_of(addresses: Sequence[Address], settings: Settings, store: str) -> tuple[str, str]:
    """By the first address that has a city, region or country in the map, and a note where none has."""
    places = [_places(address) for address in addresses]
    said = [place for place in places if place]
    if not said or not is_used(settings.territories, store):
        return settings.territory, ""
    found = next((one for keys in said if (one := look_up(settings.territories, store, keys))), "")
    if found:
        return found, ""
    return settings.territory, _note(", ".join(said[0]), "Territories", settings.territory)


def _places(address: Address) -> list[str]:
    """The finer first."""
    return [place for place in (address.city, address.state, address.country_code) if place]


def _note(what: str, field: str, default: str) -> str:
    return f"For {what} there is no row in '{field}' of {SETTINGS_PAGE}, so it is {default}."

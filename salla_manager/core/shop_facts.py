"""What a shop says of itself: whether its prices are with VAT, and in which currency they are."""

from __future__ import annotations

from dataclasses import replace

from salla_manager.core.host import Host
from salla_manager.core.model import Store
from salla_manager.platforms.port import ShopFacts

_WORDS = {True: "with VAT", False: "without VAT"}


def learn(host: Host, store: Store) -> str:
    """Fill what nobody has said on the Store Account; gives what a person has to say or look at, in words.

    Raises ShopError where it is worth coming back.
    """
    client = host.client_for(store)
    if client is None:
        return ""
    facts = client.facts()
    with host.store.transaction():
        kept = host.store.lock_store(store.name) or store
        includes_tax = kept.prices_include_tax
        host.store.save_facts(
            replace(
                kept,
                currency=kept.currency or facts.currency,
                prices_include_tax=facts.prices_include_tax if includes_tax is None else includes_tax,
            )
        )
        kept = host.store.store(store.name) or kept
    return "\n".join([*_open(kept, facts), *_unlike(kept, facts)])


def _open(store: Store, facts: ShopFacts) -> list[str]:
    found = []
    if store.prices_include_tax is None:
        found.append(
            "The shop does not say whether its prices include VAT. Choose it at Prices Include Tax; until then a price"
            " counts as one without VAT, unless its product says otherwise."
        )
    if not store.currency:
        told = (
            f"The shop's currency {facts.currency} is not among the Currencies of this hub. Make it"
            if facts.currency
            else "The shop does not say its currency. Choose one"
        )
        found.append(f"{told}, at Currency; until then a price has none where it does not name it itself.")
    return [*found, *facts.problems] if found else []


def _unlike(store: Store, facts: ShopFacts) -> list[str]:
    """What a person said stays, and is told where the shop says otherwise."""
    found = []
    shop, here = facts.prices_include_tax, store.prices_include_tax
    if None not in (shop, here) and shop != here:
        found.append(
            f"The shop says that its prices are {_WORDS[bool(shop)]}, Prices Include Tax here says {_WORDS[bool(here)]}."
            " Correct the one that is wrong."
        )
    if facts.currency and store.currency and facts.currency != store.currency:
        found.append(
            f"The shop's currency is {facts.currency}, here it is {store.currency}. Correct the one that is wrong."
        )
    return found

"""Whether what a shop's list shows of an entity is what its record was made of, so that nothing has to be made of it.

A record keeps a digest of all that decides what becomes of it: the entry as the shop wrote it, what the store says of
itself, its Mapping Rules and this version of the app; of a variant its product, which gives it its name.
"""

from __future__ import annotations

import hashlib
from typing import Any

from salla_manager import __version__
from salla_manager.core.host import Host, context_of
from salla_manager.core.mapping.gate import RuleSets
from salla_manager.core.mapping.rules import RuleSet
from salla_manager.core.model import RecordStatus, Store
from salla_manager.core.outbox import entity_type_of
from salla_manager.payloads import Payload
from salla_manager.platforms.port import Page

# What was refused may be taken in the next time, whatever it was made of.
_AT_REST = (RecordStatus.QUEUED, RecordStatus.APPLIED, RecordStatus.SKIPPED)


def recipe_of(store: Store, sets: RuleSets) -> bytes:
    """What a store's records are made by."""
    rules = [(entity_type, _described(sets[entity_type])) for entity_type in sorted(sets)]
    said = repr((__version__, context_of(store), rules))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


def _described(rules: RuleSet) -> Any:
    """What they say, without the functions that do it: those have another address in each process."""
    lines = [
        (
            rule.target.path.text,
            [source.text for source in rule.sources],
            rule.transform.name,
            sorted(rule.parameters.items()),
            rule.is_required,
        )
        for rule in rules.rules
    ]
    return lines, sorted(rules.lookups.items()), rules.problem


def made_of(host: Host, store: Store, sets: RuleSets, payload: Payload) -> str:
    """Of an entity that was read by itself; empty where a list does not tell whether it is still so."""
    platform = host.platforms(store.platform)
    stamp = platform.stamp(entity_type_of(payload), payload.raw) if payload.raw else ""
    if not stamp or getattr(payload, "status", "") == "deleted":
        return ""
    product_id = getattr(payload, "product_id", "")
    product = host.store.seen(store.name, "product", [product_id]) if product_id else []
    return _digest(recipe_of(store, sets), stamp, product[0].made_of if product else "")


def _digest(recipe: bytes, stamp: str, product: str) -> str:
    return hashlib.blake2b(recipe + stamp.encode() + product.encode(), digest_size=16).hexdigest()


class Comparison:
    """A page of one kind against the records there are of its rows. records: those, by external id."""

    def __init__(self, host: Host, store: Store, entity_type: str, page: Page):
        platform = host.platforms(store.platform)
        self._stamps = {external_id: platform.stamp(entity_type, row) for external_id, row in page.rows}
        ids = list(self._stamps)
        self.records = {one.external_id: one for one in host.store.seen(store.name, entity_type, ids)}
        self._recipe = recipe_of(store, host.rules(store))
        self._parents = self._products_of(host, store, page.rows) if entity_type == "variant" else {}

    def _products_of(
        self, host: Host, store: Store, rows: list[tuple[str, dict[str, Any]]]
    ) -> dict[str, str]:
        """What the product of each variant was made of."""
        platform = host.platforms(store.platform)
        parents = {external_id: platform.product_of(row) for external_id, row in rows}
        wanted = sorted(set(filter(None, parents.values())))
        found = {one.external_id: one.made_of for one in host.store.seen(store.name, "product", wanted)}
        return {external_id: found.get(parent, "") for external_id, parent in parents.items()}

    def is_same(self, external_id: str) -> bool:
        known, stamp = self.records.get(external_id), self._stamps.get(external_id)
        if not stamp or known is None or not known.made_of or known.status not in _AT_REST:
            return False
        return _digest(self._recipe, stamp, self._parents.get(external_id, "")) == known.made_of

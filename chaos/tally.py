"""Counting what stands on both sites against what was sent; plain lists in, numbers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

OPEN = ("Queued", "Waiting", "Held", "Sending")
# Of one document: prices of an Item, lines of an order.
CHILDREN = {"Item": 1, "Sales Order": 3}


@dataclass(frozen=True)
class Strike:
    """One entity that was sent into a kill. doctype: the document it has to become."""

    point: str
    doctype: str
    external_id: str
    killed: bool = True


@dataclass
class Found:
    killed: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    # Answers from the inbox instead of an effect, where the point makes them certain, or the other way round.
    surprises: int = 0

    def plus(self, other: Found) -> Found:
        return Found(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def problems(self, kills: int) -> list[str]:
        found = [f"{name} {value}" for name, value in vars(self).items() if name != "killed" and value]
        return found + ([] if self.killed == kills else [f"killed {self.killed} of {kills}"])

    def __str__(self) -> str:
        return f"{self.killed} killed, {self.lost} lost, {self.doubled} doubled, {self.stuck} stuck"


def tally(
    strikes: Sequence[Strike],
    documents: Iterable[Sequence[Any]],
    commands: Iterable[Sequence[Any]],
    acks: Iterable[Sequence[Any]],
    repeated: bool,
) -> Found:
    """Of one point. documents: (doctype, key, children); commands: (entity type, external id, status, …); acks:
    (external id, ack status, from the inbox). repeated: whether the try after the kill is answered from the inbox."""
    rows = Counter((doctype, key) for doctype, key, _ in documents)
    children = {(doctype, key): number for doctype, key, number in documents}
    statuses = {external_id: status for _, external_id, status, *_ in commands}
    answers: dict[str, list[bool]] = {}
    for external_id, _, is_repeat in acks:
        answers.setdefault(external_id, []).append(is_repeat)
    found = Found(killed=sum(strike.killed for strike in strikes))
    for strike in strikes:
        document = (strike.doctype, strike.external_id)
        wanted = CHILDREN.get(strike.doctype, 0)
        found.lost += rows[document] == 0 or children[document] < wanted
        found.lost += statuses.get(strike.external_id) not in (*OPEN, "Done")
        found.doubled += max(rows[document] - 1, 0) + max(children.get(document, 0) - wanted, 0)
        found.stuck += statuses.get(strike.external_id) in OPEN
        if strike.killed:
            found.surprises += answers.get(strike.external_id) != [repeated]
    return found


def unsent(documents: Iterable[Sequence[Any]], sent: Iterable[tuple[str, str]]) -> list[str]:
    """Documents that nobody asked for."""
    known = set(sent)
    return [f"{doctype} {key}" for doctype, key, _ in documents if (doctype, key) not in known]


def percentile(values: Sequence[float], percent: int) -> float:
    """0 without values."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]

"""Is this still the place where the hub was put to work? A copy of its database must not send beside it."""

from __future__ import annotations

from dataclasses import dataclass

_UNTIL_TOLD = (
    "Nothing is sent and no shop is read here until someone says that this is the live site: in Salla Manager"
    " Settings, or by bench salla adopt-site."
)


@dataclass(frozen=True)
class Identity:
    """Where a hub runs. site_id is random and lies beside the database, not in it; empty where that cannot be."""

    site: str
    database: str
    site_id: str

    def __str__(self) -> str:
        return f"{self.site} on database {self.database}"


def standstill(kept: Identity | None, present: Identity) -> str:
    """Why nothing may leave this site, with what differs; empty where it may. kept: what the database says."""
    if kept is None:
        return f"The database does not say where the live site is. {_UNTIL_TOLD}"
    if kept == present:
        return ""
    told = []
    if str(kept) != str(present):
        told.append(f"This site was made as {kept}; it now runs as {present}.")
    if kept.site_id != present.site_id:
        word = "holds another" if present.site_id else "has lost its"
        told.append(f"The site_config.json beside the database {word} salla_site_id.")
    return " ".join([*told, _UNTIL_TOLD])

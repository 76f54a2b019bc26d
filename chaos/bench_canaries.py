"""Where a secret must never be: each one that both sites of the bench keep is looked for in a dump of the database, in
backups, logs, the Error Log, queue arguments and Redis, after traffic and failures that would leak it."""

from __future__ import annotations

import base64
import gzip
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from chaos.bench import CLIENT, HUB, SITES, Bench, OnSite, the_bench
from chaos.ground import Section

ON_SITE = {HUB: "chaos.bench_canaries_hub", CLIENT: "chaos.bench_canaries_client"}
LEAST = 12
# Long enough to be nobody's by chance, in logs of some hundred megabytes.
SHORTEST = 16
# Stands in the rows, job arguments and log lines of this section.
CONTROL = b"chaos-canary"


def bench_canaries(seed: int) -> Section:
    """Nothing is left to chance here, so the seed changes nothing."""
    section = Section("bench-canaries")
    began = time.monotonic()
    bench = the_bench()
    with OnSite(bench, HUB, ON_SITE[HUB]) as hub, OnSite(bench, CLIENT, ON_SITE[CLIENT]) as client:
        try:
            secrets = {**hub.ask("plant"), **client.ask("plant")}
            for site in (hub, client):
                site.ask("stir")
            places = {
                "Redis, queue arguments included": [hub.ask("redis")],
                "backups and dumps": list(_backups(bench)),
                "logs": [path.read_bytes() for path in _logs(bench)],
            }
        finally:
            for site in (hub, client):
                site.ask("clean")
    section.figures["canary secrets"] = len(secrets)
    if len(secrets) < LEAST:
        section.violations.append(f"bench-canaries: only {len(secrets)} secrets were looked for, not {LEAST}")
    for place, contents in places.items():
        texts = [text.encode() if isinstance(text, str) else text for text in contents]
        section.figures[f"{place}, MB"] = round(sum(map(len, texts)) / 1e6, 1)
        section.expect(f"{place}, hits", ", ".join(sorted(hits(secrets, texts))) or "none", "none")
        # Something that is no secret and was there, or the search itself would be worth nothing.
        section.expect(f"{place}, searched", any(CONTROL in text for text in texts), True)
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


def hits(secrets: Mapping[str, str], texts: list[bytes]) -> set[str]:
    """Names of the secrets that stand in a text, as they are or written in another way."""
    return {
        name for name, secret in secrets.items() for form in forms(secret) for text in texts if form in text
    }


def forms(secret: str) -> set[bytes]:
    """As it is, in hex, for URLs, reversed by nobody; in base64 at each of the three offsets it may have."""
    if len(secret) < SHORTEST:
        raise ValueError(f"A canary of {len(secret)} characters would be found by chance.")
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(secret, safe="").encode()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw)
        # Characters at both ends depend on what stands beside the secret.
        found.add(text[(offset * 8 + 5) // 6 : -4])
    return found


def _backups(bench: Bench) -> Iterator[bytes]:
    """What `bench backup --with-files` writes for each site, unpacked; one of them is the dump."""
    for site in SITES:
        with tempfile.TemporaryDirectory(prefix="chaos-backup-") as folder:
            options = ("--with-files", "--compress", "--backup-path", folder)
            bench.output(bench.frappe("--site", site, "backup", *options))
            for path in sorted(Path(folder).iterdir()):
                yield from _unpacked(path)


def _unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix in (".tgz", ".tar"):
        with tarfile.open(path) as archive:
            yield from (archive.extractfile(member).read() for member in archive if member.isfile())
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    else:
        yield path.read_bytes()


def _logs(bench: Bench) -> Iterator[Path]:
    for folder in (bench.logs, *(bench.sites / site / "logs" for site in SITES)):
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())

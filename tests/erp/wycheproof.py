"""Where the Wycheproof vectors lie; see tests/vectors/README.md."""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("WYCHEPROOF_VECTORS") or Path(__file__).resolve().parents[1] / "vectors")
FILES = ("wycheproof_aes_gcm_test.json", "wycheproof_hmac_sha256_test.json")
MISSING = [name for name in FILES if not (FOLDER / name).is_file()]


def load(name: str) -> list[dict[str, Any]]:
    """Each test together with the sizes of its group."""
    groups = json.loads((FOLDER / name).read_text(encoding="utf-8"))["testGroups"]
    return [{**group, **test} for group in groups for test in group["tests"]]

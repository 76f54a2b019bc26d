"""Documents that are made from code, or speak of it, are current."""

import dataclasses
import json
import re
import runpy
from pathlib import Path

import pytest

from chaos.__main__ import ALL
from salla_manager import contract

ROOT = Path(__file__).resolve().parents[1]


def test_payload_document_is_current():
    made = runpy.run_path(str(ROOT / "scripts/payload_docs.py"))["document"]()
    assert (ROOT / "docs/CLIENT_EXPECTED_PAYLOAD.md").read_text(encoding="utf-8") == made, "run: make docs"


def test_openapi_document_is_current():
    made = runpy.run_path(str(ROOT / "scripts/openapi.py"))["rendered"]()
    assert (ROOT / "docs/openapi.json").read_text(encoding="utf-8") == made, "run: make docs"


def test_admin_openapi_document_is_current():
    made = runpy.run_path(str(ROOT / "scripts/admin_openapi.py"))["rendered"]()
    kept = (ROOT / "docs/admin-openapi.json").read_text(encoding="utf-8")
    assert kept == made, "run: make docs"
    refer_to_what_they_hold(json.loads(kept))


def refer_to_what_they_hold(document):
    for target in set(re.findall(r'"(#/[^"]+)"', json.dumps(document))):
        found = document
        for part in target[2:].split("/"):
            found = found[part]


def test_openapi_document_refers_to_what_it_holds():
    """And each command has the fields that the contract reads."""
    document = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
    refer_to_what_they_hold(document)
    for command_type, entity_type in contract.COMMAND_TYPES.items():
        (name,) = [
            one
            for one in document["components"]["schemas"]
            if one.lower() == f"{command_type}command".replace("_", "")
        ]
        schema = document["components"]["schemas"][name]
        assert schema["properties"]["entity_type"] == {"const": entity_type}
        assert set(schema["properties"]) == {field.name for field in dataclasses.fields(contract.Command)}


def test_the_contract_document_names_everything_on_the_wire():
    text = (ROOT / "docs/RPC_CONTRACT.md").read_text(encoding="utf-8")
    words = [
        contract.HEADER_INSTANCE,
        contract.HEADER_TIMESTAMP,
        contract.HEADER_NONCE,
        contract.HEADER_SIGNATURE,
        contract.HEADER_KEY,
        contract.DISPATCH_PATH,
        contract.PULL_PATH,
        contract.PAIR_PATH,
        contract.CHECK_PATH,
        contract.PING,
        contract.ROTATE_SECRET,
        *contract.COMMAND_TYPES,
        *contract.ACK_STATUSES,
    ]
    assert [word for word in words if word not in text] == []


def error_codes() -> set[str]:
    found = set()
    for path in [ROOT / "salla_executor/contract.py", *sorted((ROOT / "salla_executor/core").rglob("*.py"))]:
        source = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(r'(?:ProtocolError\(\s*\d+,|BusinessError\(|error_code=)\s*"([a-z_]+)"', source)
        )
    return found


def test_every_error_code_of_the_executor_is_documented():
    text = (ROOT / "docs/RPC_CONTRACT.md").read_text(encoding="utf-8")
    codes = error_codes()
    assert len(codes) > 8
    assert sorted(code for code in codes if f"`{code}`" not in text) == []


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name
)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#][^)]*)\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target.split("#")[0]).exists(), target


def test_readme_names_real_make_targets():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert named <= targets


def test_operations_names_every_command_and_every_button():
    text = (ROOT / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "salla_manager").glob("*commands.py")]
    commands = re.findall(r'@salla\.command\("([a-z-]+)"\)', "".join(sources))
    assert len(commands) > 5
    assert [command for command in commands if command not in text] == []
    forms = [path.read_text(encoding="utf-8") for path in (ROOT / "salla_manager").rglob("*.js")]
    buttons = {
        label for form in forms for label in re.findall(r'(?:_button|_menu_item)\(\s*__\("([^"]+)"\)', form)
    }
    assert len(buttons) > 8
    assert sorted(label for label in buttons if f"**{label}**" not in text) == []


def test_client_integration_names_every_button_and_role():
    text = (ROOT / "docs/CLIENT_INTEGRATION.md").read_text(encoding="utf-8")
    assert [
        word
        for word in (
            "Check Connection",
            "Pair with a Hub",
            "Rotate Secret",
            "Request Pull",
            "Salla Executor Reader",
            "External References",
            "Items to Review",
            "Accept the Difference",
            "Shop Order Status",
        )
        if f"**{word}**" not in text
    ] == []


@pytest.mark.parametrize(("document", "least"), [("SECURITY", 50), ("PAIN_POINTS", 35)])
def test_each_promise_names_a_test_that_exists(document, least):
    text = (ROOT / f"docs/{document}.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", text)
    assert len(named) > least
    lost = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).exists()
        or not re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert lost == []


def test_each_pain_point_has_a_test():
    rows = re.findall(
        r"^\| (\d+) \| .+::test_", (ROOT / "docs/PAIN_POINTS.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [int(number) for number in rows] == list(range(1, 26))


def test_each_promise_has_a_test():
    """A row of a table without one would be a promise that nobody holds."""
    promises = (ROOT / "docs/SECURITY.md").read_text(encoding="utf-8").partition("## Not promised")[0]
    quick, _, long = promises.partition("## By the long runs")
    rows = [line for line in quick.splitlines() if line.startswith("| ") and "held by" not in line]
    assert len(rows) > 35
    assert [row for row in rows if "::test_" not in row] == []
    sections = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| .+ \| (.+) \|$", long, re.MULTILINE))))
    assert sections == set(ALL)

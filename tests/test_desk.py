"""What Desk and Frappe read of the two apps: DocTypes, buttons, translations, permissions. Needs no bench."""

import ast
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APPS = ("salla_manager", "salla_executor")
# Known by a signature in the request, so without a Frappe permission.
GUEST_ENDPOINTS = {
    "salla_executor.api.commands.receive",
    "salla_manager.api.client.check",
    "salla_manager.api.client.pair",
    "salla_manager.api.client.request_pull",
    "salla_manager.api.client.send_again",
    "salla_manager.api.webhooks.salla",
    "salla_manager.api.webhooks.woocommerce",
    # Known by the session that began it.
    "salla_manager.api.shops.salla_callback",
}
# Of Frappe and ERPNext, where our fields point to.
FOREIGN_DOCTYPES = {
    "Account",
    "Company",
    "Cost Center",
    "Currency",
    "Customer",
    "Customer Group",
    "DocType",
    "Item",
    "Item Group",
    "Item Tax Template",
    "Mode of Payment",
    "Price List",
    "Territory",
    "UOM",
    "User",
    "Warehouse",
}
OUR_ROLES = {
    "Salla Executor Integration",
    "Salla Executor Reader",
    "Salla Manager Admin",
    "Salla Manager Operator",
    "System Manager",
}
# Commands are applied with the rights of the integration user, whoever the request came from.
SET_USER = {"salla_executor/erpnext/receiver.py"}
BYPASS = re.compile(r"ignore_permissions|set_user\(|only_for\(")
# Frappe and ERPNext have these in Arabic themselves.
FOREIGN_TEXTS = set(
    (
        "Active|Cancelled|Client ID|Client Secret|Company|Cost Center|Currency|Customer Group|Document|"
        "Document Type|Draft|Email|Enabled|Error|Failed|Message|New|No|"
        "Open|Phone|Price List|Reason|Response|Sales Order|Setup|Shortcuts|Source|"
        "Status|Stock UOM|Stores|Territory|Time Zone|Title|Type|URL|Unknown|"
        "Warehouse|Yes|"
    )
    .strip("|")
    .split("|")
)
NO_VALUE = {"Section Break", "Column Break", "Tab Break", "Button", "HTML"}
MACHINE_MADE = {"Command Dependency", "Executor Nonce", "Manager Nonce"}


def doctypes(app: str = "*") -> list[Path]:
    return sorted(path for path in ROOT.glob(f"{app}/*/doctype/*/*.json") if path.parts[-5] in APPS)


def sources(app: str, suffix: str) -> list[Path]:
    return [path for path in sorted((ROOT / app).rglob(f"*.{suffix}")) if "tests" not in path.parts]


def reports(app: str) -> set[str]:
    paths = (ROOT / app).glob("*/report/*/*.json")
    return {json.loads(path.read_text(encoding="utf-8"))["name"] for path in paths}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def whitelisted() -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """Dotted path, function, and whether guests may call it."""
    for app in APPS:
        for path in sources(app, "py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                for decorator in getattr(node, "decorator_list", []):
                    text = ast.unparse(decorator)
                    if text.startswith("frappe.whitelist"):
                        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                        yield f"{module}.{node.name}", node, "allow_guest=True" in text


ENDPOINTS = {dotted: (function, guest) for dotted, function, guest in whitelisted()}
ALL = {json.loads(path.read_text(encoding="utf-8"))["name"]: path for path in doctypes()}


@pytest.mark.parametrize("path", doctypes(), ids=lambda path: path.stem)
class TestDocType:
    def test_fields_are_named_once_and_ordered(self, path):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        names = [field["fieldname"] for field in doctype["fields"]]
        assert names == doctype["field_order"]
        assert len(names) == len(set(names))
        assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []

    def test_what_it_names_exists(self, path):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        names = {field["fieldname"] for field in doctype["fields"]}
        for field in doctype["fields"]:
            if field["fieldtype"] in ("Link", "Table"):
                assert field["options"] in ALL.keys() | FOREIGN_DOCTYPES, field["fieldname"]
            if field["fieldtype"] == "Dynamic Link":
                assert field["options"] in names
        for link in doctype["links"]:
            target = json.loads(ALL[link["link_doctype"]].read_text(encoding="utf-8"))
            assert link["link_fieldname"] in {field["fieldname"] for field in target["fields"]}
        shown = [doctype.get("title_field"), *(doctype.get("search_fields") or "").split(",")]
        assert {name.strip() for name in shown if name} - names == set()

    def test_rights_are_for_named_roles(self, path):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        assert {row["role"] for row in doctype["permissions"]} <= OUR_ROLES

    def test_every_shown_field_has_a_label(self, path):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        unlabelled = [
            field["fieldname"]
            for field in doctype["fields"]
            if field["fieldtype"] not in NO_VALUE and not field.get("label")
        ]
        assert unlabelled == []

    def test_its_controller_and_module_exist(self, path):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        app = path.relative_to(ROOT).parts[0]
        assert doctype["module"] in (ROOT / app / "modules.txt").read_text(encoding="utf-8").splitlines()
        class_name = doctype["name"].replace(" ", "")
        assert f"class {class_name}(" in path.with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Salla Manager Settings", "Salla Executor Settings"])
def test_every_setting_is_explained_and_changes_are_tracked(name):
    doctype = json.loads(ALL[name].read_text(encoding="utf-8"))
    # A switch says by its label what it does; below a time Frappe shows the zone, which spoils the translation.
    silent = [
        field["fieldname"]
        for field in doctype["fields"]
        if field["fieldtype"] not in NO_VALUE | {"Check", "Datetime"} and not field.get("description")
    ]
    assert silent == []
    assert doctype["track_changes"] == 1


@pytest.mark.parametrize("path", sorted(ROOT.glob("salla_*/**/workspace/*/*.json")), ids=lambda p: p.stem)
def test_workspace_leads_to_what_exists(path):
    workspace = json.loads(path.read_text(encoding="utf-8"))
    targets = [link["link_to"] for link in workspace["links"] if link["type"] == "Link"]
    targets += [shortcut["link_to"] for shortcut in workspace["shortcuts"]]
    app = path.relative_to(ROOT).parts[0]
    assert set(targets) - ALL.keys() - reports(app) <= {"Sales Order"}
    cards = {
        json.loads(card.read_text(encoding="utf-8"))["name"]
        for card in (ROOT / app).glob("*/number_card/*/*.json")
    }
    assert {card["number_card_name"] for card in workspace["number_cards"]} == cards
    assert workspace["roles"]
    labels = {shortcut["label"] for shortcut in workspace["shortcuts"]}
    for block in json.loads(workspace["content"]):
        if block["type"] == "shortcut":
            assert block["data"]["shortcut_name"] in labels


def js_calls() -> list[tuple[str, str]]:
    """File and method; where the method ends in a variable, the file names each action as a string."""
    calls = []
    for app in APPS:
        for path in sources(app, "js"):
            text = path.read_text(encoding="utf-8")
            calls += [(name_of(path), found) for found in re.findall(r'"(salla_\w+\.[\w.]+)"', text)]
            for prefix in re.findall(r"`(salla_\w+\.[\w.]+\.)\$\{action\}`", text):
                actions = re.findall(r'(?:call|run|each)\([^()"]*"(\w+)"', text)
                assert actions, path
                calls += [(name_of(path), prefix + action) for action in actions]
    return calls


def test_every_call_of_a_button_is_whitelisted():
    calls = js_calls()
    assert len(calls) > 10
    assert [call for call in calls if call[1] not in ENDPOINTS] == []


def test_guests_reach_the_signed_endpoints_only():
    assert {dotted for dotted, (_, guest) in ENDPOINTS.items() if guest} == GUEST_ENDPOINTS


@pytest.mark.parametrize("dotted", sorted(ENDPOINTS))
def test_endpoint_is_typed_names_its_verb_and_checks_permission(dotted):
    function, guest = ENDPOINTS[dotted]
    assert function.returns is not None
    arguments = function.args.args + function.args.kwonlyargs
    assert [argument.arg for argument in arguments if argument.annotation is None] == []
    assert "methods=[" in ast.unparse(function.decorator_list[0])
    if guest:
        assert arguments == []
        return
    body = [line for line in function.body if not isinstance(getattr(line, "value", None), ast.Constant)]
    first = ast.unparse(body[0])
    assert first.startswith("frappe.has_permission(")
    assert first.endswith("throw=True)")


def translations(app: str) -> dict[str, str]:
    with (ROOT / app / "translations/ar.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row for row in rows if len(row) != 2 or not all(row)] == []
    texts = [row[0] for row in rows]
    assert sorted({text for text in texts if texts.count(text) > 1}) == []
    return dict(rows)


def python_texts(app: str) -> set[str]:
    found = set()
    for path in sources(app, "py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("_", "_lt") and node.args:
                if isinstance(node.args[0], ast.Constant):
                    found.add(node.args[0].value)
                else:
                    # Labels and names of DocTypes, which stand in the JSON files.
                    assert not isinstance(node.args[0], ast.JoinedStr | ast.BinOp), (path, node.lineno)
    return found


def checklist_texts(app: str) -> set[str]:
    """Rows of the checklists, which core makes without Frappe and the screen translates."""
    found = set()
    for path in (ROOT / app / "core").glob("check*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            values: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Row":
                values = [node.args[0], node.args[2]]
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "message":
                values = [node.value]
            found |= {one.value for one in values if isinstance(one, ast.Constant)}
    assert len(found) > 15
    return found


def js_texts(app: str) -> set[str]:
    return {
        text
        for path in sources(app, "js")
        for text in re.findall(r'__\(\s*"((?:[^"\\]|\\.)+)"', path.read_text(encoding="utf-8"))
    }


def doctype_texts(app: str) -> set[str]:
    found = set()
    for path in doctypes(app):
        doctype = json.loads(path.read_text(encoding="utf-8"))
        found.add(doctype["name"])
        if doctype["name"] in MACHINE_MADE:
            continue
        for field in doctype["fields"]:
            if field.get("hidden"):
                continue
            found |= {field.get("label"), field.get("description")}
            if field["fieldtype"] == "Select" and field["fieldname"] != "command_type":
                found |= set(field["options"].split("\n"))
    return found - {None, ""}


def desk_texts(app: str) -> set[str]:
    """Workspaces, number cards, reports and custom fields."""
    found = reports(app)
    for path in (ROOT / app).glob("*/number_card/*/*.json"):
        found.add(json.loads(path.read_text(encoding="utf-8"))["label"])
    for path in (ROOT / app).glob("*/workspace/*/*.json"):
        workspace = json.loads(path.read_text(encoding="utf-8"))
        found.add(workspace["title"])
        found |= {link["label"] for link in workspace["links"]}
        found |= {row["label"] for row in workspace["shortcuts"] + workspace["number_cards"]}
        headers = [row for row in json.loads(workspace["content"]) if row["type"] == "header"]
        found |= {re.sub(r"<[^>]+>", "", row["data"]["text"]) for row in headers}
    fields = ROOT / app / "setup/shop_fields.py"
    if fields.exists():
        found |= set(re.findall(r'"label": "([^"]+)"', fields.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("app", APPS)
def test_every_text_is_there_in_arabic(app):
    texts = python_texts(app) | js_texts(app) | doctype_texts(app) | desk_texts(app) | checklist_texts(app)
    assert len(texts) > 80
    ours = {text for text in texts - FOREIGN_TEXTS if re.search(r"[A-Za-z]", re.sub(r"\{\d+\}", "", text))}
    assert sorted(ours - translations(app).keys()) == []


@pytest.mark.parametrize("app", APPS)
def test_translations_keep_their_placeholders(app):
    def placeholders(text: str) -> list[str]:
        return sorted(re.findall(r"\{\d+\}", text))

    assert [
        text for text, arabic in translations(app).items() if placeholders(text) != placeholders(arabic)
    ] == []


@pytest.mark.parametrize("app", APPS)
def test_permissions_are_bypassed_in_named_places_only(app):
    found = {name_of(path) for path in sources(app, "py") if BYPASS.search(path.read_text(encoding="utf-8"))}
    assert found <= SET_USER


@pytest.mark.parametrize("app", APPS)
def test_every_commit_has_its_reason_beside_it(app):
    bare = []
    for path in sources(app, "py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            near = "\n".join(lines[max(0, number - 3) : number + 1])
            if "frappe.db.commit()" in line and not re.search(r'#|"""', near):
                bare.append(f"{name_of(path)}:{number + 1}")
    assert bare == []

"""The two sites of the bench: created, apps installed, setup wizard answered, settings for development."""

from __future__ import annotations

import json
from pathlib import Path

import apps
from layout import CLIENT, OUR_APPS, SITES, Bench, timed, write_json

COMPANY = {
    "company_name": "Demo Trading Co",
    "company_abbr": "DT",
    "chart_of_accounts": "Standard",
    "domain": "Retail",
    "bank_account": "Demo Bank",
}
EVERYWHERE = {
    "language": "English",
    "country": "Saudi Arabia",
    "currency": "SAR",
    "timezone": "Asia/Riyadh",
    "full_name": "Administrator",
    "enable_telemetry": 0,
}
WIZARD = Path(__file__).with_name("wizard.py")


def create_or_update(bench: Bench, site: str) -> None:
    """Make the site, or bring one that is there up to this checkout."""
    if bench.has_site(site) and not apps.marker(bench, site, "site").exists():
        update(bench, site)
        return
    # A site whose making was cut off was never in anybody's use, so it is made anew.
    with apps.interrupted_marker(bench, site, "site") as again:
        with timed(f"  creating {site}"):
            new_site(bench, site, again)
        for app in SITES[site]:
            apps.install(bench, app, site)
        configure(bench, site)
        answer_wizard(bench, site)


def update(bench: Bench, site: str) -> None:
    installed = apps.installed_apps(bench, site)
    missing = [app for app in SITES[site] if app not in installed or apps.marker(bench, site, app).exists()]
    for app in missing:
        apps.install(bench, app, site)
    if not missing:
        for app in set(SITES[site]) & set(OUR_APPS):
            # Migrating may encrypt what an older version kept.
            apps.make_master_key(bench, app, site)
        apps.migrate(bench, site)
    configure(bench, site)
    answer_wizard(bench, site)


def new_site(bench: Bench, site: str, again: bool) -> None:
    config = bench.config()
    command = ["new-site", site, "--admin-password", config["admin_password"]]
    command += ["--db-root-password", config["root_password"]]
    bench.run(bench.frappe(*command, *(["--force"] if again else [])), log=f"new-{site}")


def configure(bench: Bench, site: str) -> None:
    port = bench.config()["webserver_port"]
    settings = {
        "host_name": f"http://{site}:{port}",
        "allow_tests": True,
        "developer_mode": 1,
        "server_script_enabled": 0,
    }
    known = bench.site_config(site)
    if {**known, **settings} != known:
        write_json(bench.sites / site / "site_config.json", {**known, **settings})


def answer_wizard(bench: Bench, site: str) -> None:
    """Safe to repeat: Frappe itself skips what is set up, and the script says what it did."""
    answers = {**EVERYWHERE, **(COMPANY if site == CLIENT else {})}
    with timed(f"  setup wizard of {site}"):
        bench.run([str(bench.python), str(WIZARD), site, json.dumps(answers)], log=f"wizard-{site}")

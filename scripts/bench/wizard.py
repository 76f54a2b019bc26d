"""Answer Frappe's setup wizard for one site; run by the bench's own Python in its sites folder.

env/bin/python wizard.py <site> '<answers as JSON>'
"""

import datetime
import json
import sys

import frappe
from frappe.desk.page.setup_wizard.setup_wizard import setup_complete
from frappe.utils.scheduler import enable_scheduler


def main(site: str, answers: dict) -> None:
    frappe.init(site=site)
    frappe.connect()
    frappe.set_user("Administrator")
    if not frappe.is_setup_complete():
        year = datetime.date.today().year  # noqa: DTZ011 the fiscal year is the one on the user's calendar
        setup_complete({**answers, "fy_start_date": f"{year}-01-01", "fy_end_date": f"{year}-12-31"})
    enable_scheduler()
    frappe.db.commit()
    if not frappe.is_setup_complete():
        raise SystemExit(f"the setup wizard of {site} did not complete; look at its Error Log")
    print(f"{site}: setup complete, company {frappe.db.get_default('company') or 'none'}")
    frappe.destroy()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))

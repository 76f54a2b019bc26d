app_name = "salla_manager"
app_title = "Salla Manager"
app_publisher = "Salla Manager Contributors"
app_description = "Hub that connects shops (Salla first) to ERPNext sites with signed commands"
app_email = "maintainers@salla-manager.example"
app_license = "MIT"

after_install = "salla_manager.install.after_install"
before_uninstall = "salla_manager.install.before_uninstall"

# What several of our own forms share.
doctype_js = {
    "Command ACK Log": ["public/js/erp_document.js", "public/js/json_fields.js"],
    "ERP Connection": ["public/js/held_commands.js", "public/js/standstill.js"],
    "ERP Instance": ["public/js/checklist.js", "public/js/held_commands.js", "public/js/standstill.js"],
    "External Record": ["public/js/erp_document.js", "public/js/json_fields.js"],
    "Mapping Rule Set": "public/js/mapping_editor.js",
    "Outbound Client Command": [
        "public/js/erp_document.js",
        "public/js/json_fields.js",
        "public/js/standstill.js",
    ],
    "Salla Incoming Log": ["public/js/json_fields.js", "public/js/standstill.js"],
    "Salla Manager Settings": "public/js/standstill.js",
    "Store Account": ["public/js/backfill.js", "public/js/checklist.js", "public/js/standstill.js"],
    "Sync Run": ["public/js/backfill.js", "public/js/standstill.js"],
}
doctype_list_js = {
    "ERP Connection": "public/js/standstill.js",
    "ERP Instance": "public/js/standstill.js",
    "Outbound Client Command": "public/js/standstill.js",
    "Salla Incoming Log": "public/js/standstill.js",
    "Store Account": "public/js/standstill.js",
    "Sync Run": "public/js/standstill.js",
}

# Rules may be deleted, whatever they once refused.
ignore_links_on_delete = ["External Record", "Mapping Rule Version"]

after_migrate = ["salla_manager.setup.scheduler.wake"]

# A changed time zone must not put the minute's sweep to sleep.
doc_events = {"System Settings": {"on_update": "salla_manager.setup.scheduler.wake"}}

# Bare JSON where Frappe itself answers on the paths that machines call.
after_request = ["salla_manager.api.net.reshape"]

scheduler_events = {
    "cron": {"* * * * *": ["salla_manager.tasks.every_minute"]},
    "daily_long": [
        "salla_manager.tasks.daily",
        "salla_manager.reconciling.nightly",
        "salla_manager.shop_care.nightly",
    ],
    "hourly_long": ["salla_manager.shop_care.hourly"],
    "hourly": ["salla_manager.tasks.hourly"],
}

# Days; open work is never deleted. Change them in Log Settings.
default_log_clearing_doctypes = {
    "Command ACK Log": 90,
    "Command Delivery Attempt": 90,
    "Outbound Client Command": 180,
    "Reconciliation": 90,
    "SKU Skip Log": 365,
    "Salla Incoming Log": 90,
    "Sync Run": 365,
}

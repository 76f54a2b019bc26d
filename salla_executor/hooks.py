app_name = "salla_executor"
app_title = "Salla Executor"
app_publisher = "Salla Manager Contributors"
app_description = "Applies signed commands from Salla Manager to ERPNext, once in effect"
app_email = "maintainers@salla-manager.example"
app_license = "MIT"
required_apps = ["frappe/erpnext"]

after_install = "salla_executor.install.after_install"
before_uninstall = "salla_executor.install.before_uninstall"

# Answers that the framework makes on our path become bare JSON too.
after_request = ["salla_executor.api.net.reshape"]

doctype_js = {
    "Address": "public/js/shop_origin.js",
    "Brand": "public/js/shop_origin.js",
    "Contact": "public/js/shop_origin.js",
    "Customer": "public/js/shop_origin.js",
    "Item": "public/js/shop_origin.js",
    "Item Group": "public/js/shop_origin.js",
    "Sales Order": "public/js/sales_order.js",
}

doctype_list_js = {"Sales Order": "public/js/sales_order_list.js"}

# Where a document came from and what commands did to it, for whoever may read it.
additional_timeline_content = {
    "Customer": ["salla_executor.erpnext.timeline.shop_history"],
    "Item": ["salla_executor.erpnext.timeline.shop_history"],
    "Sales Order": ["salla_executor.erpnext.timeline.shop_history"],
}

doc_events = {
    "*": {
        "before_cancel": "salla_executor.erpnext.dry_run.mute_notifications",
        "before_change": "salla_executor.erpnext.dry_run.mute_notifications",
        "before_insert": "salla_executor.erpnext.dry_run.mute_notifications",
        "before_update_after_submit": "salla_executor.erpnext.dry_run.mute_notifications",
        "before_validate": "salla_executor.erpnext.dry_run.mute_notifications",
        "on_trash": "salla_executor.erpnext.dry_run.mute_notifications",
    },
    "Brand": {"after_rename": "salla_executor.erpnext.references.follow_rename"},
    "Customer": {
        "after_rename": [
            "salla_executor.erpnext.addresses.follow_rename",
            "salla_executor.erpnext.references.follow_rename",
        ],
    },
    "Item": {"after_rename": "salla_executor.erpnext.references.follow_rename"},
    "Item Group": {"after_rename": "salla_executor.erpnext.references.follow_rename"},
    "Sales Order": {
        "after_insert": "salla_executor.erpnext.sales_orders.follow_amendment",
        "before_insert": "salla_executor.erpnext.sales_orders.free_key",
        "before_submit": "salla_executor.erpnext.order_guard.refuse_unaccepted",
        "before_update_after_submit": "salla_executor.erpnext.order_guard.keep_own_fields",
        "onload": "salla_executor.erpnext.order_note.show_note",
        "validate": "salla_executor.erpnext.order_guard.compare_again",
    },
}

scheduler_events = {
    "hourly": ["salla_executor.tasks.purge_nonces", "salla_executor.tasks.forget_waits"],
}

# Days; never less than 90, see Executor Inbox.
default_log_clearing_doctypes = {"Executor Inbox": 180}

# A reference is no reason to keep a document that a user deletes.
ignore_links_on_delete = ["External Reference"]

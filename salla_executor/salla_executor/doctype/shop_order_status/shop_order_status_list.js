frappe.listview_settings["Shop Order Status"] = { hide_name_column: true };

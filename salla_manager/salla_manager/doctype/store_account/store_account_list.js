frappe.listview_settings["Store Account"] = {
	add_fields: ["enabled", "erp_instance", "token_error"],
	get_indicator(doc) {
		if (!doc.enabled) return [__("Off"), "gray", "enabled,=,0"];
		if (doc.token_error) return [__("No Access"), "red", "token_error,is,set"];
		if (!doc.erp_instance) return [__("No ERP"), "orange", "erp_instance,is,not set"];
		return [__("On"), "green", "enabled,=,1"];
	},
	formatters: {
		merchant_id: (value) => frappe.utils.escape_html(value || ""),
	},
};

frappe.listview_settings["ERP Instance"] = {
	add_fields: ["enabled", "breaker_status"],
	get_indicator(doc) {
		if (!doc.enabled) return [__("Off"), "gray", "enabled,=,0"];
		if (doc.breaker_status === "Open") return [__("Unreachable"), "red", "breaker_status,=,Open"];
		return [__("On"), "green", "enabled,=,1"];
	},
};

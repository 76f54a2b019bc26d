frappe.listview_settings["Store Account"] = {
	add_fields: [
		"enabled",
		"platform",
		"erp_instance",
		"token_error",
		"token_expires_at",
		"access_alarm",
		"app_status",
		"silence",
		"webhook_problem",
		"test_result",
		"last_sync_error",
	],
	// Room for what went on last.
	hide_name_column: true,
	get_indicator(doc) {
		const is_lost = doc.access_alarm || !doc.token_expires_at;
		if (!doc.enabled) return [__("Off"), "gray", "enabled,=,0"];
		if (doc.app_status === "Uninstalled") return [__("App Removed"), "red", "app_status,=,Uninstalled"];
		if (doc.access_alarm) return [__("Access Alarm"), "red", "access_alarm,is,set"];
		if (doc.token_error) {
			return [is_lost ? __("No Access") : __("Access Problem"), is_lost ? "red" : "orange", "token_error,is,set"];
		}
		if (doc.test_result === "Failed") return [__("Test Failed"), "red", "test_result,=,Failed"];
		if (doc.last_sync_error) return [__("Sync Problem"), "orange", "last_sync_error,is,set"];
		if (doc.silence) return [__("Silent"), "orange", "silence,is,set"];
		if (doc.webhook_problem) return [__("Webhook Problem"), "orange", "webhook_problem,is,set"];
		if (!doc.erp_instance) return [__("No ERP"), "orange", "erp_instance,is,not set"];
		return [__("On"), "green", "enabled,=,1"];
	},
	onload(list) {
		if (!frappe.model.can_create("Store Account")) return;
		list.page.add_inner_button(__("Connect to Salla"), () =>
			frappe
				.call({ method: "salla_manager.api.shops.connect_to_salla", freeze: true })
				.then(({ message }) => window.location.assign(message))
		);
	},
	formatters: {
		merchant_id: (value) => frappe.utils.escape_html(value || ""),
		last_sync_at: (value) => (value ? frappe.datetime.comment_when(value) : ""),
		last_sync_error: (value) => `<bdi>${frappe.utils.escape_html((value || "").split("\n")[0])}</bdi>`,
		token_expires_at(value) {
			if (!value) return "";
			const days = moment(value).diff(moment(frappe.datetime.now_datetime()), "days", true);
			const text = __("{0} days left", [Math.max(0, Math.floor(days))]);
			return days < 3 ? `<b class="text-danger">${text}</b>` : text;
		},
	},
};

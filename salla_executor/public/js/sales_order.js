// Where the order came from, and whether its money agrees with the shop's.
frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		if (!frm.doc.shop_order) return;
		if (frm.doc.shop_difference_note) {
			frm.dashboard.add_comment(frappe.utils.escape_html(frm.doc.shop_difference_note), "orange", true);
		}
		frm.add_custom_button(
			__("Commands"),
			() =>
				frappe.set_route("List", "Executor Inbox", {
					store_account: frm.doc.shop_store,
					external_id: frm.doc.shop_order,
				}),
			__("Shop")
		);
		if (/^https?:\/\//.test(frm.doc.shop_url || "")) {
			frm.add_custom_button(__("Open in the Shop"), () => window.open(frm.doc.shop_url, "_blank", "noopener"), __("Shop"));
		}
	},
});

// Where the order came from, and whether its money agrees with the shop's.
frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		if (!frm.doc.shop_order) return;
		show_money(frm);
		if (frappe.model.can_read("Executor Inbox")) {
			frm.add_custom_button(__("Commands"), () => open_commands(frm), __("Shop"));
		}
		if (/^https?:\/\//.test(frm.doc.shop_url || "")) {
			frm.add_custom_button(
				__("Open in the Shop"),
				() => window.open(frm.doc.shop_url, "_blank", "noopener"),
				__("Shop")
			);
		}
	},
});

function show_money(frm) {
	if (frm.doc.shop_difference_note) {
		frm.dashboard.add_comment(frappe.utils.escape_html(frm.doc.shop_difference_note), "orange", true);
	} else if (flt(frm.doc.grand_total - frm.doc.shop_total, precision("grand_total", frm.doc))) {
		// Nobody compared since: a person changed the draft.
		const total = format_currency(frm.doc.shop_total, frm.doc.currency);
		frm.dashboard.add_comment(__("The total in the shop is {0}.", [total]), "orange", true);
	} else {
		frm.dashboard.add_comment(__("The total is the same in the shop."), "green", true);
	}
}

function open_commands(frm) {
	frappe.set_route("List", "Executor Inbox", {
		store_account: frm.doc.shop_store,
		external_id: frm.doc.shop_order,
	});
}

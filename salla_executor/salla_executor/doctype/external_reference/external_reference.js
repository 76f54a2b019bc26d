frappe.ui.form.on("External Reference", {
	refresh(frm) {
		frm.add_custom_button(__("Commands"), () =>
			frappe.set_route("List", "Executor Inbox", {
				store_account: frm.doc.source,
				external_id: frm.doc.external_id,
			})
		);
	},
});

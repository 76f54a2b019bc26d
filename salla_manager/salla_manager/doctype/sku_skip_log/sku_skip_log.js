frappe.ui.form.on("SKU Skip Log", {
	refresh(frm) {
		frm.disable_save();
		frm.add_custom_button(__("External Records"), () =>
			frappe.set_route("List", "External Record", {
				store: frm.doc.store,
				entity_type: frm.doc.entity_type,
				external_id: frm.doc.external_id,
			})
		);
	},
});

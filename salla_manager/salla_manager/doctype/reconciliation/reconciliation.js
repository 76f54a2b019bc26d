frappe.ui.form.on("Reconciliation", {
	refresh(frm) {
		frm.disable_save();
		frm.add_custom_button(__("Shop Reconciliation"), () => {
			const { store, entity_type, day } = frm.doc;
			frappe.set_route("query-report", "Shop Reconciliation", { store, entity_type, day });
		});
	},
});

// The way from a document that a shop's entity became to what the shop calls it.
for (const doctype of ["Brand", "Customer", "Item", "Item Group"]) {
	frappe.ui.form.on(doctype, {
		async refresh(frm) {
			if (frm.is_new() || !frappe.model.can_read("External Reference")) return;
			const filters = { document_type: frm.doctype, document_name: frm.doc.name };
			if (!(await frappe.db.count("External Reference", { filters }))) return;
			if (frm.doc.name === filters.document_name) {
				frm.add_custom_button(__("External References"), () =>
					frappe.set_route("List", "External Reference", filters)
				);
			}
		},
	});
}

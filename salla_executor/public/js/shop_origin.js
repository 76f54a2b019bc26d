// The way from a document that a shop's entity became to what the shop calls it; from a Contact or Address by its Customer.
for (const doctype of ["Address", "Brand", "Contact", "Customer", "Item", "Item Group"]) {
	frappe.ui.form.on(doctype, {
		async refresh(frm) {
			if (frm.is_new() || !frappe.model.can_read("External Reference")) return;
			const name = frm.doc.name;
			const filters = shop_filters(frm);
			if (!filters || !(await frappe.db.count("External Reference", { filters }))) return;
			if (frm.doc.name === name) {
				frm.add_custom_button(__("External References"), () =>
					frappe.set_route("List", "External Reference", filters)
				);
			}
		},
	});
}

function shop_filters(frm) {
	if (!["Address", "Contact"].includes(frm.doctype)) {
		return { document_type: frm.doctype, document_name: frm.doc.name };
	}
	const customers = (frm.doc.links || []).filter((link) => link.link_doctype === "Customer");
	if (!customers.length) return null;
	return { document_type: "Customer", document_name: ["in", customers.map((link) => link.link_name)] };
}

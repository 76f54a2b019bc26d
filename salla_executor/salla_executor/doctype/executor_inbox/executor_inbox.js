frappe.ui.form.on("Executor Inbox", {
	refresh(frm) {
		if (frm.doc.document_name) {
			frm.add_custom_button(__("Open Document"), () =>
				frappe.set_route("Form", frm.doc.document_type, frm.doc.document_name)
			);
		}
	},
});

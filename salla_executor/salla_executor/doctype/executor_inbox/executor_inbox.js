frappe.ui.form.on("Executor Inbox", {
	onload(frm) {
		frm.get_field("ack").df.formatter = show_json;
	},

	refresh(frm) {
		if (frm.doc.document_name) {
			frm.add_custom_button(__("Open Document"), () =>
				frappe.set_route("Form", frm.doc.document_type, frm.doc.document_name)
			);
		}
	},
});

// Kept as it was answered, shown with one key per line.
function show_json(value) {
	const text = frappe.utils.is_json(value) ? JSON.stringify(JSON.parse(value), null, 2) : value;
	return `<pre dir="ltr" class="mb-0">${frappe.utils.escape_html(text || "")}</pre>`;
}

// JSON is kept as it came and shown with one key per line.
for (const doctype of [
	"Command ACK Log",
	"External Record",
	"Mapping Rule Version",
	"Outbound Client Command",
	"Salla Incoming Log",
]) {
	frappe.ui.form.on(doctype, {
		onload(frm) {
			for (const df of frm.meta.fields.filter((df) => df.fieldtype === "Code")) {
				frm.get_field(df.fieldname).df.formatter = show_json;
			}
		},
	});
}

function show_json(value) {
	const text = frappe.utils.is_json(value) ? JSON.stringify(JSON.parse(value), null, 2) : value;
	return `<pre dir="ltr" class="mb-0">${frappe.utils.escape_html(text || "")}</pre>`;
}

// The button from what the hub knows to the document in the client's ERP.
const DONE_COMMAND = {
	"Command ACK Log": (doc) => doc.command,
	"External Record": (doc) => newest("Outbound Client Command", { record: doc.name, status: "Done" }, "name"),
	"Outbound Client Command": (doc) => doc.status === "Done" && doc.name,
};

for (const [doctype, find_command] of Object.entries(DONE_COMMAND)) {
	frappe.ui.form.on(doctype, {
		async refresh(frm) {
			const name = frm.doc.name;
			const url = await erp_url(await find_command(frm.doc));
			if (url && frm.doc.name === name) {
				frm.add_custom_button(__("Open in the ERP"), () => window.open(url, "_blank", "noopener"));
			}
		},
	});
}

async function erp_url(command) {
	if (!command) return;
	const filters = { command, ack_status: ["in", ["applied", "skipped"]] };
	const payload = await newest("Command ACK Log", filters, "payload");
	const document = frappe.utils.is_json(payload) && JSON.parse(payload)?.erp_doc;
	// Only a Frappe site says it like this; others have their own words for a document.
	if (!document?.doctype || !document.name) return;
	const instance = await newest("Command ACK Log", filters, "erp_instance");
	const { message } = await frappe.db.get_value("ERP Instance", instance, "url");
	const slug = encodeURIComponent(frappe.router.slug(document.doctype));
	return message.url && `${message.url}/app/${slug}/${encodeURIComponent(document.name)}`;
}

async function newest(doctype, filters, field) {
	const rows = await frappe.db.get_list(doctype, {
		filters,
		fields: [field],
		order_by: "creation desc",
		limit: 1,
	});
	return rows[0]?.[field];
}

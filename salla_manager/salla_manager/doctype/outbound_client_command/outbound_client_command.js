frappe.ui.form.on("Outbound Client Command", {
	refresh(frm) {
		frm.disable_save();
		show_reason(frm);
		if (!frm.perm[0]?.write) return;
		if (frm.doc.status === "Dead") {
			frm.add_custom_button(__("Retry"), () =>
				run(frm, "retry_command").then(({ message }) =>
					frappe.set_route("Form", frm.doctype, message.command)
				)
			).addClass("btn-primary");
		}
		if (["Queued", "Waiting", "Held", "Dead"].includes(frm.doc.status)) {
			frm.add_custom_button(__("Cancel Command"), () => ask_and_cancel(frm));
		}
		if (frm.doc.status === "Done" && frm.doc.erp_connection) offer_roll_back(frm);
	},
});

function show_reason(frm) {
	const colour = { Dead: "red", Held: "orange", Waiting: "yellow" }[frm.doc.status];
	if (colour && frm.doc.reason) {
		frm.dashboard.set_headline_alert(frappe.utils.escape_html(frm.doc.reason), colour);
	}
}

function ask_and_cancel(frm) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		({ reason }) => run(frm, "cancel_command", { reason }),
		__("A cancelled command is never sent."),
		__("Cancel Command")
	);
}

async function offer_roll_back(frm) {
	const name = frm.doc.name;
	const { message } = await frappe.call({
		method: "salla_manager.api.erp_connections.can_roll_back",
		type: "GET",
		args: { name },
	});
	if (message && frm.doc.name === name) {
		frm.add_custom_button(__("Roll Back"), () => ask_and_roll_back(frm));
	}
}

function ask_and_roll_back(frm) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
		({ reason }) =>
			frappe.confirm(__("{0} takes back what this command gave. Go on?", [frm.doc.erp_connection]), () =>
				frappe
					.call({
						method: "salla_manager.api.erp_connections.roll_back",
						args: { name: frm.doc.name, reason },
						freeze: true,
					})
					.then(({ message }) => {
						frappe.show_alert(__("Taken back: {0}", [frappe.utils.escape_html(message || "")]));
						frm.reload_doc();
					})
			),
		__("Take back what was exported"),
		__("Roll Back")
	);
}

function run(frm, action, args = {}) {
	return frappe
		.call({
			method: `salla_manager.api.operations.${action}`,
			args: { name: frm.doc.name, ...args },
			freeze: true,
		})
		.then((answer) => {
			frm.reload_doc();
			return answer;
		});
}

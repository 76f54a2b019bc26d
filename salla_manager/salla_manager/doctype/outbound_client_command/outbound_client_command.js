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

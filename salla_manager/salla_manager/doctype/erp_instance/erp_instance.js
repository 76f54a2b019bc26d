frappe.ui.form.on("ERP Instance", {
	refresh(frm) {
		if (frm.is_new()) return;
		frm.add_custom_button(__("Test Connection"), () => test_connection(frm));
		if (frm.doc.breaker_status === "Open") {
			frm.dashboard.set_headline_alert(
				__("Unreachable: {0}", [frappe.utils.escape_html(frm.doc.breaker_reason || "")]),
				"red"
			);
			frm.add_custom_button(__("Try Again Now"), () =>
				call("close_breaker", frm).then(() => frm.reload_doc())
			);
		}
		if (frm.perm[0]?.write) {
			frm.add_custom_button(__("New Secret"), () => make_secret(frm));
		}
	},
});

function call(action, frm) {
	return frappe.call({
		method: `salla_manager.api.operations.${action}`,
		args: { instance: frm.doc.name },
		freeze: true,
	});
}

function test_connection(frm) {
	call("test_connection", frm).then(({ message }) => {
		const lines = [frappe.utils.escape_html(message.message || "")];
		if (message.payload && Object.keys(message.payload).length) {
			lines.push(`<pre>${frappe.utils.escape_html(JSON.stringify(message.payload, null, 2))}</pre>`);
		}
		frappe.msgprint({
			title: message.ok ? __("The ERP answers") : __("The ERP does not answer as it should"),
			indicator: message.ok ? "green" : "red",
			message: lines.join("<br>"),
		});
	});
}

function make_secret(frm) {
	frappe.confirm(
		__("The ERP refuses what is signed with the new secret until it is entered there. Go on?"),
		() =>
			call("new_secret", frm).then(({ message }) => {
				frappe.msgprint({
					title: __("New Secret"),
					message: `${__("Copy it now, it is not shown again.")}<pre>${frappe.utils.escape_html(
						message
					)}</pre>`,
				});
				frm.reload_doc();
			})
	);
}

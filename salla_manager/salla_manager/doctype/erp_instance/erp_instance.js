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
		const rows = details_of(message).map(
			([label, value]) => `<tr><th>${label}</th><td>${frappe.utils.escape_html(String(value))}</td></tr>`
		);
		const table = rows.length ? `<table class="table table-sm mt-3">${rows.join("")}</table>` : "";
		frappe.msgprint({
			title: message.ok ? __("The ERP answers") : __("The ERP does not answer as it should"),
			indicator: message.ok ? "green" : "red",
			message: frappe.utils.escape_html(message.message || "") + table,
		});
	});
}

function details_of(answer) {
	const { versions = {}, contract_version, is_enabled } = answer.payload || {};
	const details = Object.entries(versions).map(([app, version]) => [frappe.utils.escape_html(app), version]);
	if (contract_version) details.push([__("Protocol"), contract_version]);
	if (is_enabled === false) details.push([__("Executor"), __("Switched off; commands wait here.")]);
	if (answer.clock_offset) details.push([__("Clock off by (seconds)"), answer.clock_offset]);
	if (answer.http_status) details.push([__("HTTP Status"), answer.http_status]);
	return details;
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

// Rows of check, state and message, as the tests of a connection give them.
frappe.provide("salla_checklist");

salla_checklist.table = function (rows) {
	const escape = frappe.utils.escape_html;
	const colours = { ok: "green", warning: "orange", failed: "red" };
	const words = { ok: __("OK"), warning: __("Look at this"), failed: __("To be mended") };
	const lines = rows.map(
		({ check, state, message }) =>
			`<tr><td class="text-nowrap"><span class="indicator-pill no-indicator-dot ${colours[state]}">${words[state]}</span></td>
			<td class="text-nowrap"><b>${escape(__(check))}</b></td><td dir="auto">${escape(message)}</td></tr>`
	);
	return `<table class="table table-sm">${lines.join("")}</table>`;
};

salla_checklist.show = function ({ ok, rows }) {
	frappe.msgprint({
		title: ok ? __("The connection works") : __("Something has to be mended"),
		indicator: ok ? "green" : "red",
		message: salla_checklist.table(rows),
		wide: true,
	});
};

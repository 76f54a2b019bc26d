frappe.ui.form.on("ERP Instance", {
	refresh(frm) {
		if (frm.is_new()) return;
		frm.add_custom_button(__("Check Connection"), () => check_connection(frm));
		frm.add_custom_button(__("Rehearse Orders"), () => rehearse(frm));
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
			const group = __("Shared Secret");
			frm.add_custom_button(__("Pair"), () => pair(frm), group);
			frm.add_custom_button(__("Rotate Secret"), () => rotate_secret(frm), group);
			frm.add_custom_button(__("New Secret"), () => make_secret(frm), group);
		}
	},
});

function call(action, frm, args = {}) {
	return frappe.call({
		method: `salla_manager.api.operations.${action}`,
		args: { instance: frm.doc.name, ...args },
		freeze: true,
	});
}

function check_connection(frm) {
	call("check_connection", frm).then(({ message }) => {
		salla_checklist.show(message);
		frm.reload_doc();
	});
}

function pair(frm, hub_url = "") {
	call("pairing_code", frm, { hub_url }).then(({ message }) => {
		if (message.text) show_code(frm, message);
		else ask_for_hub_url(frm);
	});
}

function ask_for_hub_url(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Where does the ERP reach this hub?"),
		fields: [
			{
				fieldname: "hub_url",
				fieldtype: "Data",
				label: __("Hub URL"),
				reqd: 1,
				default: window.location.origin,
				description: __("It is kept in Salla Manager Settings. Correct it if the ERP sees this hub under another address."),
			},
		],
		primary_action_label: __("Pair"),
		primary_action({ hub_url }) {
			dialog.hide();
			pair(frm, hub_url);
		},
	});
	dialog.show();
}

function show_code(frm, { text, hub_url, minutes }) {
	const shown = frappe.utils.escape_html(text);
	const dialog = new frappe.ui.Dialog({
		title: __("Pair with the ERP"),
		fields: [{ fieldname: "text", fieldtype: "HTML" }],
		primary_action_label: __("Copy"),
		primary_action: () => frappe.utils.copy_to_clipboard(text),
		secondary_action_label: __("Check Connection"),
		secondary_action() {
			dialog.hide();
			check_connection(frm);
		},
	});
	dialog.fields_dict.text.$wrapper.html(
		`<ol><li>${__("Copy this text. It is good once, for {0} minutes, and not shown again.", [minutes])}</li>
		<li>${__("In the ERP open Salla Executor Settings, press Pair with a Hub and paste it.")}</li>
		<li>${__("Come back and press Check Connection.")}</li></ol>
		<pre style="white-space: pre-wrap; word-break: break-all">${shown}</pre>
		<p class="text-muted">${__("It sends the ERP to {0}.", [frappe.utils.escape_html(hub_url)])}</p>`
	);
	dialog.show();
}

function rotate_secret(frm) {
	frappe.confirm(
		__("Hub and ERP agree on a new secret, which nobody sees. Commands go on meanwhile. Go on?"),
		() => call("rotate_secret", frm).then(() => check_connection(frm))
	);
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

function rehearse(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Rehearse Orders"),
		fields: [
			{
				fieldname: "store",
				fieldtype: "Link",
				options: "Store Account",
				label: __("Store Account"),
				reqd: 1,
				get_query: () => ({ filters: { erp_instance: frm.doc.name } }),
			},
			{
				fieldname: "last",
				fieldtype: "Int",
				label: __("Newest Orders"),
				default: 20,
				description: __("At most 100 here; more with bench salla rehearse. The ERP tells what it would do and keeps nothing."),
			},
		],
		primary_action_label: __("Rehearse Orders"),
		primary_action(values) {
			dialog.hide();
			frappe
				.call({ method: "salla_manager.api.rehearsal.rehearse", args: values, freeze: true })
				.then(({ message }) => show_rehearsal(message));
		},
	});
	frappe.db.get_list("Store Account", { filters: { erp_instance: frm.doc.name }, limit: 2 }).then((stores) => {
		if (stores.length === 1) dialog.set_value("store", stores[0].name);
	});
	dialog.show();
}

function show_rehearsal({ parts, groups, notes, stopped, orders }) {
	const escape = frappe.utils.escape_html;
	const colours = { "Would Apply": "green", "Stands Already": "blue", "Would Wait": "orange", "Would Differ": "orange" };
	const pill = (part, count) =>
		`<span class="indicator-pill no-indicator-dot ${colours[part] || "red"}">${escape(__(part))}: ${cint(count)}</span>`;
	const lines = groups.map(
		(group) =>
			`<li class="mb-3">${pill(group.part, group.count)}
			${group.reasons.map((reason) => `<div dir="auto">${escape(reason).replace(/\n/g, "<br>")}</div>`).join("")}
			<div class="text-muted">${group.orders.map(escape).join(", ")}</div></li>`
	);
	const told = [...notes, stopped].filter(Boolean).map((text) => `<p class="text-warning" dir="auto">${escape(text)}</p>`);
	const summary = Object.entries(parts).map(([part, count]) => pill(part, count)).join(" ");
	frappe.msgprint({
		title: __("{0} orders rehearsed", [cint(orders)]),
		indicator: parts["Would Fail"] || stopped ? "red" : "green",
		message: `<p>${summary || __("There is no order to rehearse.")}</p>${told.join("")}<ul class="list-unstyled">${lines.join("")}</ul>`,
		wide: true,
	});
}

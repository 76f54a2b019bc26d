frappe.ui.form.on("ERP Connection", {
	async setup(frm) {
		frm.set_query("store", "routes", () => ({ filters: { customer_account: frm.doc.customer_account || "" } }));
		const { message } = await frappe.call({
			method: "salla_manager.api.erp_connections.connector_types",
			type: "GET",
		});
		frm.set_df_property("connector_type", "options", message.types);
		const conflicts = message.conflicts.map(frappe.utils.escape_html).join("<br>");
		if (conflicts) frappe.show_alert({ message: conflicts, indicator: "orange" }, 15);
	},

	refresh(frm) {
		if (frm.is_new()) return;
		show_state(frm);
		show_health(frm);
		frm.add_custom_button(__("Test Connection"), () => test_connection(frm));
		if (frm.perm[0]?.write) {
			const button = frm.add_custom_button(__("Configure"), () => configure(frm));
			if (!frm.doc.config) button.addClass("btn-primary");
		}
		if (frm.doc.breaker_status === "Open") {
			frm.add_custom_button(__("Try Again Now"), () => call("close_breaker", frm).then(() => frm.reload_doc()));
		}
	},
});

function show_state(frm) {
	const { breaker_status, breaker_reason, config } = frm.doc;
	if (!config) {
		frm.dashboard.set_headline_alert(
			__("It has no configuration, so what is made for it is held. Press Configure."),
			"orange"
		);
	} else if (breaker_status === "Open") {
		frm.dashboard.set_headline_alert(
			__("Unreachable: {0}", [frappe.utils.escape_html(breaker_reason || "")]),
			"red"
		);
	}
}

function call(action, frm, args = {}) {
	return frappe.call({
		method: `salla_manager.api.erp_connections.${action}`,
		args: { connection: frm.doc.name, ...args },
		freeze: true,
	});
}

function test_connection(frm) {
	call("test_connection", frm).then(({ message }) => {
		frappe.msgprint({
			title: message.ok ? __("The connection works") : __("Something has to be mended"),
			indicator: message.ok ? "green" : "red",
			message: message.ok
				? __("It answered within {0} ms.", [cint(message.latency_ms)])
				: `<div dir="auto">${frappe.utils.escape_html(message.message)}</div>`,
		});
		frm.reload_doc();
	});
}

async function show_health(frm) {
	const name = frm.doc.name;
	const { message } = await frappe.call({
		method: "salla_manager.api.erp_connections.health",
		type: "GET",
		args: { connection: name },
	});
	if (frm.doc.name !== name || !message.week.attempts) return;
	frm.dashboard.add_section(health_table(message), __("Health"));
	frm.dashboard.show();
}

function health_table({ day, week, last_error, last_error_at }) {
	const row = (label, { attempts, success_rate, latency_ms, slowest_ms }) =>
		`<tr><td>${label}</td><td class="text-right">${cint(attempts)}</td>
		<td class="text-right">${success_rate === null ? "" : `${flt(success_rate, 1)} %`}</td>
		<td class="text-right">${cint(latency_ms)} ms</td><td class="text-right">${cint(slowest_ms)} ms</td></tr>`;
	const heads = [__("Attempts"), __("Success Rate"), __("Latency on Average"), __("Slowest")];
	const error = last_error
		? `<p class="mb-0"><b>${__("Last Error")}</b> <span class="text-muted">${frappe.datetime.comment_when(
				last_error_at
		  )}</span> <span dir="auto">${frappe.utils.escape_html(last_error)}</span></p>`
		: "";
	return `<table class="table table-sm"><thead><tr><th></th>${heads
		.map((head) => `<th class="text-right">${head}</th>`)
		.join("")}</tr></thead><tbody>${row(__("Last 24 Hours"), day)}${row(__("Last 7 Days"), week)}</tbody></table>${error}`;
}

async function configure(frm) {
	const { message } = await frappe.call({
		method: "salla_manager.api.erp_connections.configuration",
		type: "GET",
		args: { connection: frm.doc.name },
	});
	const dialog = new frappe.ui.Dialog({
		title: __("Configuration of {0}", [message.connector_type]),
		fields: message.fields.length ? message.fields.flatMap(dialog_fields) : [nothing_to_configure()],
		primary_action_label: __("Save"),
		primary_action(values) {
			const entered = Object.fromEntries(message.fields.map((field) => [field.name, entered_in(field, values)]));
			call("configure", frm, { values: entered }).then(() => {
				dialog.hide();
				frm.reload_doc();
			});
		},
	});
	dialog.show();
	for (const { name } of message.fields.filter(({ kind }) => kind === "secret")) {
		const { $input } = dialog.fields_dict[name];
		$input.attr({ rows: 1, autocomplete: "off", spellcheck: "false" });
		$input.css({ "-webkit-text-security": "disc", height: "auto", "min-height": "30px" });
	}
}

function nothing_to_configure() {
	return { fieldname: "nothing", fieldtype: "HTML", options: __("This connector needs no configuration.") };
}

const FIELD_TYPES = {
	text: "Data",
	// Of more lines than one, since a key may be: a password's field would join them.
	secret: "Small Text",
	// As it is written: a port is no 22.000.
	number: "Data",
	check: "Check",
	choice: "Select",
	long_text: "Small Text",
};

function dialog_fields(field) {
	const shown = {
		fieldname: field.name,
		fieldtype: FIELD_TYPES[field.kind] || "Data",
		label: field.label,
		description: field.help,
		default: field.value ?? undefined,
		reqd: field.is_required && !field.is_kept ? 1 : 0,
		options: field.kind === "choice" ? ["", ...field.choices].join("\n") : undefined,
	};
	if (field.kind !== "secret") return [shown];
	// Secrets go one way: the browser is told only whether one is kept.
	shown.description = [field.is_kept ? __("One is kept. Leave it empty to keep it.") : __("None is kept."), field.help]
		.filter(Boolean)
		.join(" ");
	const forget = { fieldname: `${field.name}:forget`, fieldtype: "Check", label: __("Forget the Kept One") };
	return field.is_kept && !field.is_required ? [shown, forget] : [shown];
}

function entered_in(field, values) {
	if (values[`${field.name}:forget`]) return null;
	const value = values[field.name] ?? "";
	if (field.kind === "secret") return value.replace(/^[\r\n]+|[\r\n]+$/g, "");
	if (field.kind === "number" && value !== "" && !isNaN(value)) return Number(value);
	return value;
}

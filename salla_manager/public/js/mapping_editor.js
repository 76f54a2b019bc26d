// Of the editor of Mapping Rules: its values, trying them on a record, and what a preview says.
window.salla_mapping = {
	// In the form that the server takes; lenient: as saved, where nothing has to be checked.
	values_of(frm, lenient = false) {
		const rules = (frm.doc.rules || []).map((row) => ({
			target: (row.target || "").trim(),
			source: (row.source || "").trim(),
			transform: row.transform,
			parameters: parameters_of(row, lenient),
			required: Boolean(row.required),
			note: row.note || "",
		}));
		const lookups = {};
		for (const row of frm.doc.lookups || []) {
			const table = (row.table_name || "").trim();
			lookups[table] = { ...lookups[table], [(row.given || "").trim()]: row.gives || "" };
		}
		return { entity_type: frm.doc.entity_type, rules, lookups };
	},

	try_on_record(frm) {
		const { entity_type, store } = frm.doc;
		const dialog = new frappe.ui.Dialog({
			title: __("Try on a Real Record"),
			size: "extra-large",
			fields: [
				{
					fieldname: "record",
					fieldtype: "Link",
					options: "External Record",
					label: __("External Record"),
					get_query: () => ({ filters: store ? { entity_type, store } : { entity_type } }),
					// The field has its value only behind this call.
					onchange: () => setTimeout(() => run(dialog, frm), 100),
				},
				{ fieldname: "result", fieldtype: "HTML" },
			],
			primary_action_label: __("Try"),
			primary_action: () => run(dialog, frm),
		});
		dialog.show();
	},

	preview_html(figures) {
		const { escape_html } = frappe.utils;
		const rows = [
			[__("would be sent anew"), figures.changes, "blue"],
			[__("are refused now and would go"), figures.mended, "green"],
			[__("would be refused"), figures.fails, "red"],
			[__("stay as they are"), figures.same, "gray"],
		];
		const lines = rows.map(
			([label, count, colour]) =>
				`<tr><td class="text-right"><b>${count}</b></td><td><span class="indicator ${colour}">${label}</span></td></tr>`
		);
		const examples = figures.examples.map((text) => `<li><bdi>${escape_html(text)}</bdi></li>`);
		return `<p>${__("Of {0} records the newest {1} were looked at:", [figures.total, figures.sample])}</p>
			<table class="table table-sm">${lines.join("")}</table>
			<ul class="small text-muted" style="overflow-wrap: anywhere">${examples.join("")}</ul>`;
	},
};

function parameters_of(row, lenient) {
	const text = (row.parameters || "").trim();
	if (!text) return {};
	try {
		return JSON.parse(text);
	} catch (error) {
		if (lenient) return text;
		frappe.throw(
			__("Row {0}: the parameters are no JSON: {1}", [row.idx, frappe.utils.escape_html(error.message)])
		);
	}
}

function run(dialog, frm) {
	const record = dialog.get_value("record");
	if (!record) return;
	const values = salla_mapping.values_of(frm);
	frappe
		.call({ method: "salla_manager.api.mapping.try_rules", args: { record, values } })
		.then(({ message }) => dialog.fields_dict.result.$wrapper.html(trial_html(message)));
}

function trial_html({ raw, before, after, changes, problems }) {
	const { escape_html } = frappe.utils;
	const told = problems.map((text) => `<li><bdi>${escape_html(text)}</bdi></li>`);
	const rows = changes.map(
		(one) =>
			`<tr>${[one.path, one.before, one.after].map((text) => `<td dir="ltr"><code>${escape_html(text)}</code></td>`).join("")}</tr>`
	);
	const head = [__("Field"), __("Before"), __("After")].map((label) => `<th>${label}</th>`).join("");
	const summary = told.length
		? `<div class="alert alert-danger"><b>${__("The rules refuse it; nothing would be sent.")}</b><ul>${told.join("")}</ul></div>`
		: rows.length
		? `<table class="table table-sm"><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`
		: `<div class="alert alert-success">${__("The rules change nothing in it.")}</div>`;
	const columns = [
		[__("The Shop's Own Body"), raw],
		[__("Before the Rules"), before],
		[__("After the Rules"), after],
	].map(([label, value]) => `<div class="col-md-4"><h6>${label}</h6>${json_html(value)}</div>`);
	return `${summary}<div class="row">${columns.join("")}</div>`;
}

function json_html(value) {
	const text = frappe.utils.escape_html(JSON.stringify(value, null, 2));
	return `<pre dir="ltr" class="small" style="max-height: 45vh; overflow: auto; text-align: left">${text}</pre>`;
}

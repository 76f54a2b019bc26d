const POLL_SECONDS = 4;

frappe.ui.form.on("Mapping Rule Set", {
	onload(frm) {
		frm.set_query("store", () => ({ filters: frm.doc.platform ? { platform: frm.doc.platform } : {} }));
	},
	refresh(frm) {
		load_choices(frm);
		show_progress(frm);
		if (frm.perm[0]?.write) {
			frm.add_custom_button(__("Start From the Template"), () => take_template(frm));
			frm.add_custom_button(__("Import Rules"), () => take_file(frm), __("File"));
		}
		frm.add_custom_button(__("Try on a Real Record"), () => salla_mapping.try_on_record(frm));
		frm.add_custom_button(__("How Many Would Change"), () => show_preview(frm));
		if (frm.is_new()) return;
		frm.add_custom_button(__("Export Rules"), () => give_file(frm), __("File"));
		if (!frappe.model.can_write("External Record")) return;
		const group = __("Map Again");
		frm.add_custom_button(__("What Was Refused"), () => map_again(frm, 0), group);
		frm.add_custom_button(__("All Records"), () => map_again(frm, 1), group);
	},
	entity_type: (frm) => load_choices(frm),
	before_save: (frm) => confirm_effect(frm),
});

frappe.ui.form.on("Mapping Rule", {
	transform(frm, doctype, name) {
		const row = locals[doctype][name];
		const wanted = frm.salla_choices?.transforms[row.transform]?.parameters || [];
		if ((row.parameters || "").trim() && row.parameters !== row.__filled) return;
		const needed = wanted.filter((one) => one.is_required || wanted.length === 1);
		const values = needed.map((one) => [one.name, one.kind === "table" ? {} : ""]);
		row.__filled = values.length ? JSON.stringify(Object.fromEntries(values)) : "";
		frappe.model.set_value(doctype, name, "parameters", row.__filled);
	},
});

function load_choices(frm) {
	if (!frm.doc.entity_type) return;
	frappe
		.call({ method: "salla_manager.api.mapping.choices", type: "GET", args: { entity_type: frm.doc.entity_type } })
		.then(({ message }) => {
			frm.salla_choices = message;
			const { grid } = frm.fields_dict.rules;
			grid.update_docfield_property("target", "options", message.targets);
			// These are words of the language of rules, not of the screen.
			for (const field of ["target", "source", "parameters"]) {
				grid.update_docfield_property(field, "formatter", as_it_is);
			}
			grid.refresh();
		});
}

function as_it_is(value) {
	return `<span dir="ltr">${frappe.utils.escape_html(value || "")}</span>`;
}

function take_template(frm) {
	const args = { platform: frm.doc.platform, entity_type: frm.doc.entity_type };
	const fill = () =>
		frappe
			.call({ method: "salla_manager.api.mapping.template_rows", type: "GET", args })
			.then(({ message }) => take_rows(frm, message));
	if (!frm.doc.rules?.length) return fill();
	frappe.confirm(__("The rules here are replaced by those of the template. They are not saved yet."), fill);
}

function take_rows(frm, message) {
	for (const table of ["rules", "lookups"]) {
		frm.clear_table(table);
		message[table].forEach((row) => frm.add_child(table, row));
		frm.refresh_field(table);
	}
	frm.dirty();
}

function take_file(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Import Rules"),
		fields: [
			{
				fieldname: "text",
				fieldtype: "Code",
				options: "JSON",
				reqd: 1,
				label: __("The text of the file"),
				description: __("It replaces the rules here; nothing is saved yet."),
			},
		],
		primary_action_label: __("Take Over"),
		primary_action: ({ text }) =>
			frappe
				.call({ method: "salla_manager.api.mapping.read_file", args: { text, entity_type: frm.doc.entity_type } })
				.then(({ message }) => {
					dialog.hide();
					take_rows(frm, message);
				}),
	});
	dialog.show();
}

function give_file(frm) {
	frappe
		.call({ method: "salla_manager.api.mapping.export_rules", type: "GET", args: { name: frm.doc.name } })
		.then(({ message }) => {
			const link = document.createElement("a");
			link.href = URL.createObjectURL(new Blob([message], { type: "application/json" }));
			link.download = `${frm.doc.name}-v${frm.doc.version}.json`;
			link.click();
			URL.revokeObjectURL(link.href);
		});
}

function preview(frm) {
	const { platform, store } = frm.doc;
	const args = { platform, store: store || "", values: salla_mapping.values_of(frm) };
	return frappe.call({ method: "salla_manager.api.mapping.preview", args }).then(({ message }) => message);
}

async function show_preview(frm) {
	frappe.msgprint({
		title: __("How Many Would Change"),
		message: salla_mapping.preview_html(await preview(frm)),
		wide: true,
	});
}

// What a change comes to is shown before it is saved.
async function confirm_effect(frm) {
	const is_unchanged = frm.salla_saved === JSON.stringify(salla_mapping.values_of(frm));
	if (is_unchanged || !frm.doc.enabled) return;
	let figures;
	try {
		figures = await preview(frm);
	} catch {
		frappe.validated = false;
		return;
	}
	if (!figures.changes && !figures.mended && !figures.fails) return;
	await new Promise((resolve) => {
		const answer = (may_save) => {
			frappe.validated = may_save;
			resolve();
		};
		const text = `${salla_mapping.preview_html(figures)}<p>${__("Save?")}</p>`;
		frappe.confirm(
			text,
			() => answer(true),
			() => answer(false)
		);
	});
}

function map_again(frm, everything) {
	frappe
		.call({ method: "salla_manager.api.mapping.map_again", args: { name: frm.doc.name, everything }, freeze: true })
		.then(({ message }) => {
			frappe.show_alert(
				message ? __("{0} records are mapped again in the background.", [message]) : __("There is none.")
			);
			frm.reload_doc();
		});
}

function show_progress(frm) {
	frm.salla_saved = frm.is_new() ? "" : JSON.stringify(salla_mapping.values_of(frm, true));
	if (frm.doc.remap_state !== "Running") return;
	const { remap_done: done, remap_total: total } = frm.doc;
	const percent = total ? Math.min(100, (100 * done) / total) : 0;
	frm.dashboard.show_progress(__("Mapping Again"), percent, __("{0} of {1} records", [done, total]));
	clearTimeout(frm.salla_poll);
	frm.salla_poll = setTimeout(() => {
		if (cur_frm === frm && !frm.is_dirty()) frm.reload_doc();
	}, POLL_SECONDS * 1000);
}

const REFRESH_SECONDS = 4;

frappe.ui.form.on("Sync Run", {
	refresh(frm) {
		frm.disable_save();
		show_message(frm);
		show_progress(frm);
		if (frm.doc.kind === "Backfill" && frm.perm[0]?.write) add_buttons(frm);
		follow(frm);
	},
});

function add_buttons(frm) {
	const { status } = frm.doc;
	if (status === "Planned") frm.add_custom_button(__("Start"), () => call(frm, "start")).addClass("btn-primary");
	if (status === "Paused") frm.add_custom_button(__("Resume"), () => call(frm, "start")).addClass("btn-primary");
	if (status === "Running") frm.add_custom_button(__("Pause"), () => call(frm, "pause"));
	if (["Planned", "Running", "Paused"].includes(status)) {
		frm.add_custom_button(__("Cancel Backfill"), () => confirm_cancel(frm));
	}
}

function confirm_cancel(frm) {
	frappe.confirm(__("What has been read stays; the rest is not read. Cancel the backfill?"), () =>
		call(frm, "cancel")
	);
}

function call(frm, action) {
	return frappe
		.call({ method: `salla_manager.api.backfills.${action}`, args: { name: frm.doc.name }, freeze: true })
		.then(() => frm.reload_doc());
}

function show_message(frm) {
	// It stands in the headline.
	frm.toggle_display("message", false);
	if (!frm.doc.message) return;
	const colour = { Paused: "orange", Failed: "red" }[frm.doc.status] || "blue";
	frm.dashboard.set_headline_alert(`<bdi>${frappe.utils.escape_html(__(frm.doc.message))}</bdi>`, colour);
}

function show_progress(frm) {
	const rows = steps_of(frm);
	for (const row of rows) {
		row.done = ["queued", "unchanged", "skipped", "failed", "vanished", "known"].reduce(
			(sum, name) => sum + (row[name] || 0),
			0
		);
		// Some rows come twice where the shop's list moved while it was read.
		if (row.total) row.done = Math.min(row.done, row.total);
	}
	const columns =
		frm.doc.kind === "Backfill"
			? ["total", "done", "queued", "unchanged", "skipped", "failed"]
			: ["queued", "unchanged", "failed"];
	frm.fields_dict.progress.$wrapper.html(rows.length ? salla_backfill.table(rows, columns) : "");
}

function steps_of(frm) {
	try {
		return JSON.parse(frm.doc.steps || "[]");
	} catch {
		return [];
	}
}

// A worker writes the row: look again while somebody looks at the form.
function follow(frm) {
	clearTimeout(frm.salla_timer);
	if (frm.doc.status !== "Running") return;
	frm.salla_timer = setTimeout(() => {
		if (cur_frm !== frm || frappe.get_route()[2] !== frm.doc.name) return;
		if (document.hidden) return follow(frm);
		frm.reload_doc();
	}, REFRESH_SECONDS * 1000);
}

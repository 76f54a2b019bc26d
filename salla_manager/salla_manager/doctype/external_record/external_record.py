from salla_manager.salla_manager.hub_row import HubRow


class ExternalRecord(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        applied_revision: DF.Int
        content_hash: DF.Data | None
        entity_type: DF.Literal[
            "product", "variant", "customer", "order", "category", "brand", "order_status"
        ]
        erp_document: DF.Data | None
        external_id: DF.Data | None
        failed_by: DF.Link | None
        generation: DF.Int
        gone_walks: DF.Int
        last_command: DF.Link | None
        made_of: DF.Data | None
        mapped: DF.Code | None
        message: DF.SmallText | None
        missing_at_source: DF.Datetime | None
        normalized: DF.Code | None
        observed: DF.Int
        raw: DF.Code | None
        record_key: DF.Data | None
        revision: DF.Int
        sku: DF.Data | None
        sku_key: DF.Data | None
        source_updated: DF.Int
        source_updated_at: DF.Datetime | None
        status: DF.Literal["New", "Queued", "Applied", "Skipped", "Failed"]
        store: DF.Link | None
        title: DF.Data | None
    # end: auto-generated types

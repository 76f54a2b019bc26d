from salla_manager.salla_manager.hub_row import HubRow


class MappingRuleVersion(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        changes: DF.Code | None
        definition: DF.Code | None
        made_by: DF.Link | None
        note: DF.SmallText | None
        rule_set: DF.Link | None
        title: DF.Data | None
        version: DF.Int
    # end: auto-generated types

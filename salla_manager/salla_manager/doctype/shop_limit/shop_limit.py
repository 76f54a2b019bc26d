from salla_manager.salla_manager.hub_row import HubRow


class ShopLimit(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        bans: DF.Float
        blocked_until: DF.Float
        held_until: DF.Datetime | None
        level: DF.Float
        rate: DF.Float
        seen: DF.Float
        size: DF.Float
    # end: auto-generated types

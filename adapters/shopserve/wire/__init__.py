"""Every name ShopServe's API uses: paths, keys, literals, formats; nowhere else.

Much of it is a design to build against until the vendor's specification is in hand
(docs/carts.md), so a correction is a change in this package alone. Pure, and total: any JSON
becomes a value or `Undecodable` naming the field.
"""

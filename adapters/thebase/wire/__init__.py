"""Every name BASE's API uses: paths, keys, literals, formats; nowhere else.

Pure, and total: any JSON becomes a value or `Undecodable` naming the field. What is known of the
API, and how well, is in docs/carts.md.
"""

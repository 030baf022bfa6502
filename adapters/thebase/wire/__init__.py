"""Every name BASE's API uses: paths, keys, literals, formats; nowhere else but OAuth's in `oauth`.

Pure, and total: any JSON becomes a value or `Undecodable` naming the field. Models (`Told`) say
what an answer holds, functions make domain values of them. What is known of the
API, and how well, is in docs/carts.md.
"""

"""Buyers and recipients as BASE writes them."""

from adapters.http.reading import Text, Told
from domain.orders.cart_order import Contact


class BasePerson(Told):
    """A buyer or a recipient; whatever was not filled in reads as blank."""

    last_name: Text
    first_name: Text
    zip_code: Text
    prefecture: Text
    address: Text
    address2: Text
    tel: Text
    mail_address: Text


def contact(person: BasePerson) -> Contact:
    """Return a person in our words."""
    return Contact(
        name=f"{person.last_name} {person.first_name}".strip(),
        postal_code=person.zip_code,
        address=f"{person.prefecture}{person.address} {person.address2}".strip(),
        tel=person.tel,
        email=person.mail_address,
    )

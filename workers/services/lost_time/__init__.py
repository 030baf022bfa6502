"""`renkei db restored`: catching up with the carts after the database was set back (PLC-2)."""

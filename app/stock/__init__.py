"""What is where: the ledger of movements, reservations, and the balance that cannot disagree with them."""

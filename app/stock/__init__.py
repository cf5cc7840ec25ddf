"""What is where: movements, reservations, and the balance that cannot disagree with them."""

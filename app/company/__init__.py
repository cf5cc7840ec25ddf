"""Companies, franchises, stores, employees, and the people who sign in for them."""

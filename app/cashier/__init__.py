"""What a company spends: expenses by category, and what was paid of each."""

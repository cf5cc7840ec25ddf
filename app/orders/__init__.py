"""Sales from draft to completed, what comes back, and the money for both."""

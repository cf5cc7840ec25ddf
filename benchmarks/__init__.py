"""What heavy paths cost, each beside a reference measured in the same run on the same data."""

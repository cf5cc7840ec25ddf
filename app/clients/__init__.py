"""Who buys: clients, how to reach them, what they allowed, what they did."""

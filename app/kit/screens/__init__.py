"""The base screen and the values its pages are made of."""

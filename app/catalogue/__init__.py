"""What a company sells: brands, the category tree, products with variants, suppliers with their codes."""

"""What a company sells.

Brands, the category tree, products with variants, suppliers with their codes.
"""

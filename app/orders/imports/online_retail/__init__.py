"""The real year of a British gift shop (UCI Online Retail): 541,909 lines into documents.

`read` stages the lines as they are and says of each what it will become; `pieces` writes the
documents of a thousand invoices at a time, each piece one transaction; `run` is the import as
people start it.
"""

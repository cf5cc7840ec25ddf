"""The value ledger: certificates now, points, store credit and deposits by the same lots later."""

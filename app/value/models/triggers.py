"""Triggers that keep balances beside the value ledger, in the same transaction."""

from app.kit.database.balances import Kept, follows, opens

OF_LOT = Kept("lot_balance", "lot_id", "remaining")
OF_CERTIFICATE = Kept("certificate_balance", "certificate_id", "balance")

opens("lot_balance", OF_LOT, on="lot")
opens("certificate_balance", OF_CERTIFICATE, on="certificate")
follows("value_balance", OF_LOT, OF_CERTIFICATE, ledger="value_entry")

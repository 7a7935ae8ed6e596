"""The receipt of a case as a page to keep: what was filed, what is promised, what was signed."""

from bot.receipt.receipt import FontMissing, ReceiptData, receipt_pdf, receipt_url

__all__ = ["FontMissing", "ReceiptData", "receipt_pdf", "receipt_url"]

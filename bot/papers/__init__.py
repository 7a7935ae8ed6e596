"""What the house prints, each a PDF to keep: the receipt of a case, a committee's minutes, the governance report."""

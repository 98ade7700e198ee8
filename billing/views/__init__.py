"""Pages of the billing room: check-out, patients' money, documents, the catalogue of prices and methods."""

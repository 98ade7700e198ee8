"""Guide tables: what each segment we write may hold. Data only; x12/writer.py reads them."""

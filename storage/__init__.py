"""The archive: tables, transactions, encryption, migrations; the same on SQLite and PostgreSQL."""

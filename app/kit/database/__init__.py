"""The database: stamped sessions, the base of every table, and what keeps companies apart."""
